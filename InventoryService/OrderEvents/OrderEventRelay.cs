using System.Globalization;

namespace Seckill.InventoryService.OrderEvents;

/// <summary>
/// Publishes events of orders to the exchange, in the order of their numbers. The row with the position is locked from the read to the
/// commit, so one process publishes at a time; the position moves after the broker has confirmed. A process that dies in between leaves
/// events that the next one publishes again, from the same position: at least once, and in order.
/// </summary>
internal sealed partial class OrderEventRelay(
    NpgsqlDataSource database, OrderEventLog events, TopicExchange exchange, IOptions<OrderEventOptions> options, TimeProvider clock,
    ILogger<OrderEventRelay> logger) : PeriodicService(clock)
{
    /// <summary>The name of the exchange.</summary>
    public const string ExchangeName = "seckill.orders";

    private const int EventsAtOnce = 200;
    private int _published;
    private bool _isMoreWaiting;

    /// <summary>Publishes the next events, if no other process does.</summary>
    /// <returns>How many.</returns>
    /// <exception cref="IOException">The broker has not confirmed them.</exception>
    public async Task<int> PublishAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (await connection.QueryAsync<long>(
            "select position from order_event_positions where name = 'exchange' for update skip locked",
            null, cancellationToken) is not [var position])
        {
            return 0;
        }

        var page = await events.ReadAsync(position, EventsAtOnce, cancellationToken);
        _isMoreWaiting = page.HasMore;
        if (page.IsExpired)
        {
            // Only while publishing was off.
            page = await events.ReadAsync(0, EventsAtOnce, cancellationToken);
        }

        if (page.Last == position)
        {
            return 0;
        }

        // Never cancelled: a cancelled publish leaves the client's channel unusable.
        if (page.Events.Count > 0 && !await exchange.PublishAsync([.. page.Events.Select(MessageOf)]))
        {
            throw new IOException("The broker has not confirmed them.");
        }

        FailPoint.Reach("events-published");
        await connection.ExecuteAsync(
            "update order_event_positions set position = @Last, moved_at = now() where name = 'exchange'",
            new { page.Last }, CancellationToken.None);
        await transaction.CommitAsync(CancellationToken.None);
        return page.Events.Count;
    }

    protected override TimeSpan Interval => TimeSpan.FromMilliseconds(200);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        options.Value.Publish ? base.ExecuteAsync(stoppingToken) : Task.CompletedTask;

    protected override async Task RunRoundAsync(CancellationToken stoppingToken)
    {
        (_published, _isMoreWaiting) = (0, false);
        _published = await PublishAsync(stoppingToken);
    }

    // A batch pays for its events with time, so that a sale has the processors for itself.
    protected override TimeSpan PauseAfter(TimeSpan round) =>
        _isMoreWaiting ? TimeSpan.FromSeconds((double)_published / options.Value.MostPerSecond) - round : base.PauseAfter(round);

    protected override void OnOutage(Exception exception) => LogFailed(exception.Message);

    private static ConfirmedMessage MessageOf(OrderEvent one) => new(
        one.Id, string.Create(CultureInfo.InvariantCulture, $"{one.Data.SaleId}.{one.Type}"), OrderEvent.ContentType, one.ToJson());

    [LoggerMessage(521, LogLevel.Warning, "Could not publish events of orders; retrying: {Reason}")]
    private partial void LogFailed(string reason);
}
