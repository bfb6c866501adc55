namespace Seckill.OrderService.Reservations;

/// <summary>Metrics of the path from click to queue.</summary>
/// <param name="meter">Only those of <c>Seckill</c> are collected.</param>
internal sealed class ReservationMetrics(Meter meter)
{
    /// <summary>Of all sales.</summary>
    public static readonly ReservationMetrics OfSales = new(new Meter(Measurements.Name));

    public readonly Counter<long> Outcomes =
        meter.CreateCounter<long>("seckill.reservations", "{request}", "Answers to requests to reserve, by outcome.");

    public readonly Histogram<int> BatchSize = meter.CreateHistogram(
        "seckill.reservations.batch_size", "{request}", "Requests in one reserve.lua call.",
        advice: new InstrumentAdvice<int> { HistogramBucketBoundaries = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024] });

    public readonly Histogram<double> QueueWait = meter.CreateHistogram(
        "seckill.reservations.queue_wait", "s", "How long the oldest request of a reserve.lua call waited for it.",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = Measurements.Seconds });

    public readonly Histogram<double> CallDuration = meter.CreateHistogram(
        "seckill.reservations.call_duration", "s", "Round trip of one reserve.lua call.",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = Measurements.Seconds });

    /// <summary>Tag <c>code</c>: that of the refusal; a handful of values.</summary>
    public readonly Counter<long> Refused = meter.CreateCounter<long>(
        "seckill.requests.refused", "{request}", "Requests for units that were refused before Redis was asked, by code.");

    public readonly Counter<long> GateRefusals =
        meter.CreateCounter<long>("seckill.gate.refusals", "{request}", "Sold-out answers given without asking Redis.");

    public readonly Counter<long> GateProbes =
        meter.CreateCounter<long>("seckill.gate.probes", "{request}", "Requests let through to find out whether stock came back.");

    public readonly Histogram<double> GateStaleness = meter.CreateHistogram(
        "seckill.gate.staleness", "s", "Age of the knowledge behind a sold-out answer, seen at each probe.",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.05, 0.1, 0.25, 0.5, 0.75, 1] });

    public readonly Counter<long> Published =
        meter.CreateCounter<long>("seckill.relay.orders", "{order}", "Reserved orders, by outcome of the relay.");

    public readonly Histogram<double> RelayLag = meter.CreateHistogram(
        "seckill.relay.lag", "s", "From a reservation (Redis time) to the broker's confirmation, of the oldest order of each batch.",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = Measurements.LagSeconds });

    private static readonly KeyValuePair<string, object?>[] s_outcomes =
        [.. Enum.GetNames<ReserveOutcome>().Select(name => new KeyValuePair<string, object?>("outcome", name))];

    /// <summary>The outcome as a tag.</summary>
    public static KeyValuePair<string, object?> Outcome(ReserveOutcome outcome) => s_outcomes[(int)outcome];
}
