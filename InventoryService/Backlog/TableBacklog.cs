namespace Seckill.InventoryService.Backlog;

/// <summary>What waits in PostgreSQL. Rows are counted up to ten thousand.</summary>
/// <param name="Quarantined">Orders that could not be persisted and wait for an operator.</param>
/// <param name="Refunds">Payments that wait for their refund.</param>
/// <param name="Returns">Closed orders whose stock has not come back.</param>
/// <param name="OldestReturnSeconds">Time since the close of the oldest of them.</param>
/// <param name="OldestRefundSeconds">Time since the oldest of the payments came.</param>
internal sealed record TableCounts(
    long Quarantined, long Refunds, long Returns, double OldestReturnSeconds, double OldestRefundSeconds);

/// <summary>Orders and payments that wait in PostgreSQL for a process or an operator.</summary>
internal sealed class TableBacklog : BacklogReader<TableCounts>
{
    // The amount, because a row from before the clock was set back is late, and not new.
    private const string Oldest =
        "coalesce(greatest(extract(epoch from now() - min(created_at)), extract(epoch from max(created_at) - now())), 0)::float8";

    private readonly NpgsqlDataSource _database;

    public TableBacklog(NpgsqlDataSource database, TimeProvider clock, ILogger<TableBacklog> logger)
        : base("PostgreSQL", clock, logger)
    {
        _database = database;
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
              (select {Oldest} from refunds where settled_at is null) as oldest_refund_seconds
            """,
            null, cancellationToken);
}
