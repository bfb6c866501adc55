namespace Seckill.OrderService.Reservations;

/// <summary>
/// (5) Publishes reserved orders, off the request path and in batches. What it drops or fails to publish is in the outbox, and the
/// sweeper publishes it a few seconds later; so failures need no retry here.
/// </summary>
internal sealed partial class OutboxRelay(
    OrdersReservedPublisher publisher, StoreClocks clocks, IOptions<RelayOptions> options, ReservationMetrics metrics,
    TimeProvider clock, ILogger<OutboxRelay> logger)
{
    private static readonly TimeSpan s_quiet = TimeSpan.FromSeconds(5);
    private long _lastWarning;

    public RelayOptions Options => options.Value;

    public ReservationMetrics Metrics => metrics;

    /// <summary>The relay of one item.</summary>
    public ItemRelay For(ItemKey item) => new(this, item);

    /// <summary>Publishes a batch and waits for the confirmation.</summary>
    public Task PublishAsync(OrdersReserved batch, IReadOnlyList<TracedOrder> traced) => publisher.PublishAsync(batch, traced);

    /// <summary>Seconds since the reservation.</summary>
    public double AgeSeconds(in ReservedOrder order) => clocks.SinceRedisTime(order.ReservedAt).TotalSeconds;

    /// <summary>Logs a failure. An outage fails every batch, so at most one line in five seconds.</summary>
    public void Warn(string item, Exception exception)
    {
        var last = Interlocked.Read(ref _lastWarning);
        if ((last == 0 || clock.GetElapsedTime(last) > s_quiet)
            && Interlocked.CompareExchange(ref _lastWarning, clock.GetTimestamp(), last) == last)
        {
            LogNotPublished(item, exception.Message);
        }
    }

    [LoggerMessage(200, LogLevel.Warning, "Could not publish reserved orders of {Item}; the sweeper will publish them: {Reason}")]
    private partial void LogNotPublished(string item, string reason);
}
