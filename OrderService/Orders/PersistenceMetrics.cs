namespace Seckill.OrderService.Orders;

/// <summary>Metrics of the path from queue to row. Meter <c>Seckill</c>.</summary>
internal static class PersistenceMetrics
{
    private static readonly Meter s_meter = new(Measurements.Name);

    public static readonly Counter<long> Persisted = s_meter.CreateCounter<long>(
        "seckill.orders.persisted", "{order}", "Orders of committed batches; a redelivered batch counts again.");

    public static readonly Counter<long> Quarantined =
        s_meter.CreateCounter<long>("seckill.orders.quarantined", "{order}", "Orders that PostgreSQL refused.");

    public static readonly Histogram<double> Lag = s_meter.CreateHistogram(
        "seckill.persist.lag", "s", "From a reservation (Redis time) to its row, of the oldest order of each batch.",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = Measurements.LagSeconds });

    public static readonly Histogram<int> BatchSize = s_meter.CreateHistogram(
        "seckill.persist.batch_size", "{order}", "Orders in one transaction.",
        advice: new InstrumentAdvice<int> { HistogramBucketBoundaries = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048] });

    /// <summary>Counts a persisted batch.</summary>
    public static void Count(int orders, double lagSeconds)
    {
        Persisted.Add(orders);
        BatchSize.Record(orders);
        Lag.Record(lagSeconds);
    }
}
