using System.Data;
using System.Globalization;

namespace Seckill.InventoryService.OrderEvents;

/// <summary>A page of events.</summary>
/// <param name="Events">In the order of their numbers.</param>
/// <param name="Last">The number up to which it has all events.</param>
/// <param name="HasMore">True when there are events behind it.</param>
/// <param name="IsExpired">True when the page would hide a gap: events behind the requested number were deleted, or it is no number of this
/// log.</param>
internal sealed record OrderEventPage(IReadOnlyList<OrderEvent> Events, long Last, bool HasMore, bool IsExpired);

/// <summary>
/// The numbered events of orders (021_order_events.sql). Numbers have no gap and become visible in their order, so a reader needs to
/// remember only the last one that it has. Throws <see cref="NpgsqlException"/> when PostgreSQL is down.
/// </summary>
internal sealed class OrderEventLog(NpgsqlDataSource database, IOptions<OrderEventOptions> options)
{
    /// <summary>The events behind a number.</summary>
    /// <param name="after">0 for the oldest that are kept.</param>
    /// <param name="maximum">Maximum number of events, at least 1.</param>
    public async Task<OrderEventPage> ReadAsync(long after, int maximum, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        // One snapshot: the retention may delete events between the two statements.
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
        var (oldest, newest) = (await connection.QueryAsync<(long Oldest, long Newest)>(
            """
            select coalesce((select last - cardinality(order_ids) from order_events order by last limit 1), position), position
            from order_event_positions where name = 'last'
            """,
            null, cancellationToken)).Single();
        // A number that does not exist yet is from before a restore of PostgreSQL: its events were others.
        if (after > newest || (after > 0 && after < oldest))
        {
            return new OrderEventPage([], after, false, IsExpired: true);
        }

        var last = Math.Min(Math.Max(after, oldest) + maximum, newest);
        // The bound first, so that only rows of the page are read: the row of its last event may begin before it and end behind it. Each
        // offset keeps the planner, which does not know how few these are, from reading all orders; and a long row is cut once.
        var rows = await connection.QueryAsync<Row>(
            """
            select e.before + s.skipped + o.n as number, e.kind, o.id as order_id, e.at, e.refund_id,
              w.sale_id, w.sku_id, w.user_id, w.quantity, w.unit_price, w.currency, r.amount as refunded
            from (
              select last - cardinality(order_ids) as before, kind, order_ids, at, refund_id from order_events
              where last > @after and last <= (select min(b.last) from order_events b where b.last >= @last)
              offset 0) e
            cross join lateral (select greatest(@after - e.before, 0)::int as skipped) s
            cross join unnest(e.order_ids[s.skipped + 1 : (@last - e.before)::int]) with ordinality as o (id, n)
            cross join lateral (select * from orders where order_id = o.id offset 0) w
            left join lateral (select amount from refunds where id = e.refund_id offset 0) r on true
            order by 1
            """,
            new { after, last }, cancellationToken);
        return new OrderEventPage(rows.ConvertAll(ToEvent), Math.Max(last, after), last < newest, IsExpired: false);
    }

    private OrderEvent ToEvent(Row row) => new(
        "1.0", row.refund_id is null ? $"{row.order_id}-{row.kind}" : $"{row.order_id}-{row.kind}-{row.refund_id}",
        options.Value.Source, "order." + row.kind, row.order_id, row.at, "application/json",
        row.number.ToString("D19", CultureInfo.InvariantCulture),
        new OrderEventData(
            row.order_id, row.sale_id, row.sku_id, row.user_id, row.quantity, row.unit_price, row.currency,
            row.refund_id is { } refund && row.refunded is { } amount ? new OrderEventRefund(refund, amount) : null))
    {
        Number = row.number,
    };

#pragma warning disable IDE1006 // Named after the columns.
    private sealed record Row(
        long number, string kind, string order_id, DateTimeOffset at, long? refund_id, long sale_id, long sku_id, long user_id,
        int quantity, long unit_price, string currency, long? refunded);
#pragma warning restore IDE1006
}
