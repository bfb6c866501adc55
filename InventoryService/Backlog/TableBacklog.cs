using Seckill.InventoryService.OrderEvents;

namespace Seckill.InventoryService.Backlog;

/// <summary>What waits in PostgreSQL. Rows are counted up to ten thousand.</summary>
/// <param name="Quarantined">Orders that could not be persisted and wait for an operator.</param>
/// <param name="Refunds">Payments that wait for their refund.</param>
/// <param name="Returns">Closed orders whose stock has not come back.</param>
/// <param name="OldestReturnSeconds">Time since the close of the oldest of them.</param>
/// <param name="OldestRefundSeconds">Time since the oldest of the payments came.</param>
/// <param name="Events">Events of orders that the exchange does not have, of those that are numbered.</param>
/// <param name="OldestEventSeconds">Time since the oldest event that the exchange does not have, or that has no number.</param>
/// <param name="DeadWebhooks">Endpoints that get no events until an operator replays.</param>
/// <param name="FailingWebhookSeconds">Time since the endpoint that fails longest, and is not dead, began to fail.</param>
internal sealed record TableCounts(
    long Quarantined, long Refunds, long Returns, double OldestReturnSeconds, double OldestRefundSeconds, long Events,
    double OldestEventSeconds, long DeadWebhooks, double FailingWebhookSeconds);

/// <summary>Orders and payments that wait in PostgreSQL for a process or an operator.</summary>
internal sealed class TableBacklog : BacklogReader<TableCounts>
{
    // The amount, because a row from before the clock was set back is late, and not new.
    private const string Oldest =
        "coalesce(greatest(extract(epoch from now() - min(created_at)), extract(epoch from max(created_at) - now())), 0)::float8";

    private readonly NpgsqlDataSource _database;
    private readonly bool _publishes;

    public TableBacklog(
        NpgsqlDataSource database, IOptions<OrderEventOptions> events, TimeProvider clock, ILogger<TableBacklog> logger)
        : base("PostgreSQL", clock, logger)
    {
        (_database, _publishes) = (database, events.Value.Publish);
        Gauge<long>(
            "seckill.quarantine.orders", "{order}", "Orders that could not be persisted and wait for an operator, counted up to 10,000.",
            counts => [new(counts.Quarantined)]);
        Gauge<long>("seckill.refunds.waiting", "{payment}", "Payments to refund that are not marked as settled, counted up to 10,000.",
            counts => [new(counts.Refunds)]);
        Gauge<double>("seckill.refunds.oldest_age", "s", "Time since the oldest payment to refund came that is not marked as settled.",
            counts => [new(counts.OldestRefundSeconds)]);
        Gauge<long>("seckill.returns.waiting", "{order}", "Closed orders whose stock has not come back, counted up to 10,000.",
            counts => [new(counts.Returns)]);
        Gauge<double>("seckill.returns.oldest_age", "s", "Time since the close of the oldest order whose stock has not come back.",
            counts => [new(counts.OldestReturnSeconds)]);
        Gauge<long>("seckill.order_events.waiting", "{event}", "Events of orders that the exchange does not have yet.",
            counts => [new(counts.Events)]);
        Gauge<double>("seckill.order_events.oldest_age", "s", "Age of the oldest event of an order that the exchange does not have yet.",
            counts => [new(counts.OldestEventSeconds)]);
        Gauge<long>("seckill.webhooks.dead", "{endpoint}", "Endpoints of webhooks that get no events until an operator replays.",
            counts => [new(counts.DeadWebhooks)]);
        Gauge<double>("seckill.webhooks.failing_age", "s", "Time since the endpoint of a webhook that fails longest began to fail.",
            counts => [new(counts.FailingWebhookSeconds)]);
    }

    protected override Task<TableCounts> ReadAsync(CancellationToken cancellationToken) =>
        _database.SingleAsync<TableCounts>(
            $"""
            select
              (select count(*) from (
                 select from quarantined_orders q
                 where not exists (select from orders o where o.order_id = q.order_id)
                 limit 10000) q) as quarantined,
              (select count(*) from (select from refunds where settled_at is null limit 10000) r) as refunds,
              (select count(*) from (select from stock_returns where returned_at is null limit 10000) r) as returns,
              (select {Oldest} from stock_returns where returned_at is null) as oldest_return_seconds,
              (select {Oldest} from refunds where settled_at is null) as oldest_refund_seconds,
              (select case when @publishes then max(position) - min(position) else 0 end
               from order_event_positions where name in ('last', 'exchange')) as events,
              (select {Oldest} from (
                 (select at as created_at from order_events_new order by id limit 1)
                 union all
                 (select at from order_events
                  where @publishes and last > (select position from order_event_positions where name = 'exchange')
                  order by last limit 1)) e) as oldest_event_seconds,
              (select count(*) from webhooks where dead_at is not null) as dead_webhooks,
              (select coalesce(extract(epoch from now() - min(failing_since)), 0)::float8
               from webhooks where dead_at is null) as failing_webhook_seconds
            """,
            new { publishes = _publishes }, cancellationToken);
}
