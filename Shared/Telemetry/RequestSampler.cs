using System.Diagnostics;
using OpenTelemetry.Trace;

namespace Seckill.Shared.Telemetry;

/// <summary>
/// Decides which spans start a trace: a share of the requests, and nothing else. The spans that a sampled request causes are recorded, here
/// and in other processes; rounds of background services are not.
/// </summary>
internal sealed class RequestSampler(double share) : Sampler
{
    private readonly TraceIdRatioBasedSampler _share = new(share);

    public override SamplingResult ShouldSample(in SamplingParameters samplingParameters) =>
        samplingParameters.Kind == ActivityKind.Server
            ? _share.ShouldSample(samplingParameters)
            : new SamplingResult(SamplingDecision.Drop);
}

/// <summary>
/// Ignores the trace of a request. Otherwise buyers would decide what tracing costs: by the flag of a parent, which the sampler follows, or
/// by a trace id, from which it computes the share.
/// </summary>
internal sealed class NoCallersTrace : DistributedContextPropagator
{
    public override IReadOnlyCollection<string> Fields => [];

    public override void Inject(Activity? activity, object? carrier, PropagatorSetterCallback? setter) { }

    public override void ExtractTraceIdAndState(
        object? carrier, PropagatorGetterCallback? getter, out string? traceId, out string? traceState) =>
        (traceId, traceState) = (null, null);

    public override IEnumerable<KeyValuePair<string, string?>>? ExtractBaggage(object? carrier, PropagatorGetterCallback? getter) => null;
}
