namespace Seckill.OrderService.Reservations;

/// <summary>Metrics of the path from click to queue. Meter <c>Seckill</c>.</summary>
internal static class ReservationMetrics
{
    private static readonly Meter s_meter = new(Measurements.Name);

    public static readonly Counter<long> Outcomes =
        s_meter.CreateCounter<long>("seckill.reservations", "{request}", "Answers to requests to reserve, by outcome.");

    public static readonly Histogram<int> BatchSize = s_meter.CreateHistogram(
        "seckill.reservations.batch_size", "{request}", "Requests in one reserve.lua call.",
        advice: new InstrumentAdvice<int> { HistogramBucketBoundaries = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024] });

    public static readonly Histogram<double> CallDuration = s_meter.CreateHistogram(
        "seckill.reservations.call_duration", "s", "Round trip of one reserve.lua call.",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = Measurements.Seconds });

    /// <summary>Tag <c>code</c>: that of the refusal; a handful of values.</summary>
    public static readonly Counter<long> Refused = s_meter.CreateCounter<long>(
        "seckill.requests.refused", "{request}", "Requests for units that were refused before Redis was asked, by code.");

    public static readonly Counter<long> GateRefusals =
        s_meter.CreateCounter<long>("seckill.gate.refusals", "{request}", "Sold-out answers given without asking Redis.");

    public static readonly Counter<long> GateProbes =
        s_meter.CreateCounter<long>("seckill.gate.probes", "{request}", "Requests let through to find out whether stock came back.");

    public static readonly Histogram<double> GateStaleness = s_meter.CreateHistogram(
        "seckill.gate.staleness", "s", "Age of the knowledge behind a sold-out answer, seen at each probe.",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.05, 0.1, 0.25, 0.5, 0.75, 1] });

    public static readonly Counter<long> Published =
        s_meter.CreateCounter<long>("seckill.relay.orders", "{order}", "Reserved orders, by outcome of the relay.");

    public static readonly Histogram<double> RelayLag = s_meter.CreateHistogram(
        "seckill.relay.lag", "s", "From a reservation (Redis time) to the broker's confirmation, of the oldest order of each batch.",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = Measurements.LagSeconds });

    private static readonly KeyValuePair<string, object?>[] s_outcomes =
        [.. Enum.GetNames<ReserveOutcome>().Select(name => new KeyValuePair<string, object?>("outcome", name))];

    /// <summary>The outcome as a tag.</summary>
    public static KeyValuePair<string, object?> Outcome(ReserveOutcome outcome) => s_outcomes[(int)outcome];
}
