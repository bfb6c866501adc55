using System.Diagnostics;
using OpenTelemetry.Trace;

namespace Seckill.Shared.Telemetry;

/// <summary>
/// Which spans begin a trace: a share of the requests, and nothing else. What a sampled request causes is recorded, here and in other
/// processes; rounds of background services are not.
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
/// Reads no trace from a request, or buyers would decide what tracing costs: by the flag of a parent, which the sampler follows, or by a
/// trace id, which it computes the share from.
/// </summary>
internal sealed class NoCallersTrace : DistributedContextPropagator
{
    public override IReadOnlyCollection<string> Fields => [];

    public override void Inject(Activity? activity, object? carrier, PropagatorSetterCallback? setter)
    {
    }

    public override void ExtractTraceIdAndState(
        object? carrier, PropagatorGetterCallback? getter, out string? traceId, out string? traceState) =>
        (traceId, traceState) = (null, null);

    public override IEnumerable<KeyValuePair<string, string?>>? ExtractBaggage(object? carrier, PropagatorGetterCallback? getter) => null;
}
