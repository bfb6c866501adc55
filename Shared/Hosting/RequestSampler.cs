using System.Diagnostics;
using OpenTelemetry.Trace;

namespace Seckill.Shared.Hosting;

/// <summary>
/// Draws requests by lot; what a drawn request causes is recorded, here and in other processes, and nothing else: rounds of background
/// services are no part of a request. The caller's own wish counts only when callers are trusted, or buyers would decide what it costs.
/// </summary>
internal sealed class RequestSampler(double ratio, bool trustsCallers) : Sampler
{
    public override SamplingResult ShouldSample(in SamplingParameters samplingParameters)
    {
        var parent = samplingParameters.ParentContext;
        var isDrawn = samplingParameters.Kind == ActivityKind.Server && (parent.TraceId == default || !trustsCallers)
            // Not by the trace id, which the caller may have chosen.
#pragma warning disable CA5394 // Nobody gains by guessing this lot.
            ? Random.Shared.NextDouble() < ratio
#pragma warning restore CA5394
            : parent.TraceFlags.HasFlag(ActivityTraceFlags.Recorded);
        return new SamplingResult(isDrawn ? SamplingDecision.RecordAndSample : SamplingDecision.Drop);
    }
}
