using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace Seckill.InventoryService.Archive;

/// <summary>
/// Everything of a sale as NDJSON, one object in each line, in one order: the same rows are the same bytes. It names no buyer: those stay
/// in the database, where they can be forgotten. Read through cursors, so a large sale needs no memory.
/// </summary>
internal static class SaleExport
{
    /// <summary>The media type.</summary>
    public const string ContentType = "application/x-ndjson";

    private const int RowsAtOnce = 2_000;
    private const int TimeoutSeconds = 600;

    // What an order is in the export; utc_text is in 023_life_of_a_sale.sql.
    private static readonly string[] s_queries =
    [
        """
        select json_build_object('type', 'sale', 'saleId', sale_id, 'name', name, 'opensAt', utc_text(opens_at),
          'closesAt', utc_text(closes_at), 'paymentTimeoutSeconds', payment_timeout_seconds)::text
        from sales where sale_id = @saleId
        """,
        """
        select json_build_object('type', 'item', 'skuId', sku_id, 'allocated', allocated, 'limitPerUser', limit_per_user,
          'unitPrice', unit_price, 'currency', currency, 'ordersPerUser', orders_per_user, 'coolDownSeconds', cool_down_seconds)::text
        from sale_items where sale_id = @saleId order by position
        """,
        """
        select json_build_object('type', 'order', 'orderId', o.order_id, 'skuId', o.sku_id, 'quantity', o.quantity,
          'unitPrice', o.unit_price, 'currency', o.currency, 'status', o.status, 'reservedAt', utc_text(o.reserved_at),
          'placedAt', utc_text(o.placed_at), 'paidAt', utc_text(o.paid_at), 'closedAt', utc_text(o.closed_at))::text
        from sale_items i, orders_of(i) o where i.sale_id = @saleId order by o.order_id
        """,
        """
        select json_build_object('type', 'payment', 'paymentId', p.payment_id, 'orderId', p.order_id, 'amount', p.amount,
          'currency', p.currency, 'outcome', p.outcome, 'receivedAt', utc_text(p.received_at))::text
        from payments p join (select o.order_id from sale_items i, orders_of(i) o where i.sale_id = @saleId) o using (order_id)
        order by p.payment_id
        """,
        """
        select json_build_object('type', 'refund', 'refundId', r.id, 'paymentId', r.payment_id, 'orderId', r.order_id,
          'amount', r.amount, 'currency', r.currency, 'units', r.units, 'reason', r.reason, 'createdAt', utc_text(r.created_at),
          'settledAt', utc_text(r.settled_at))::text
        from refunds r join (select o.order_id from sale_items i, orders_of(i) o where i.sale_id = @saleId) o using (order_id)
        order by r.id
        """,
        """
        select json_build_object('type', 'stock-change', 'skuId', sku_id, 'delta', delta, 'made', coalesce(made, delta),
          'doneAt', utc_text(done_at))::text
        from stock_changes where sale_id = @saleId order by started_at, sku_id, idempotency_key
        """,
        """
        select json_build_object('type', 'ledger', 'skuId', i.sku_id, 'allocated', i.allocated, 'available', i.allocated - i.live,
          'live', i.live, 'paid', coalesce(t.paid, 0), 'returned', coalesce(t.returned, 0), 'rejected', coalesce(t.rejected, 0),
          'auditedAt', utc_text(i.rested_at))::text
        from sale_items i
        left join (
          select sku_id, sum(units) filter (where status = 'paid') as paid,
            sum(units) filter (where status in ('cancelled', 'expired')) as returned,
            sum(units) filter (where status = 'rejected') as rejected
          from order_totals where sale_id = @saleId group by sku_id) t using (sku_id)
        where i.sale_id = @saleId order by i.position
        """,
    ];

    /// <summary>The export in pieces of some hundred kilobytes, each of whole lines.</summary>
    /// <param name="connection">With a transaction whose snapshot is the export.</param>
    public static async IAsyncEnumerable<(byte[] Content, int Lines)> ReadAsync(
        NpgsqlConnection connection, long saleId, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var query in s_queries)
        {
            await RunAsync(connection, "declare export_lines no scroll cursor for " + query, saleId, cancellationToken);
            while (true)
            {
                var lines = (await connection.QueryAsync<string>(new CommandDefinition(
                    string.Create(CultureInfo.InvariantCulture, $"fetch {RowsAtOnce} from export_lines"),
                    commandTimeout: TimeoutSeconds, cancellationToken: cancellationToken))).AsList();
                if (lines.Count > 0)
                {
                    yield return (Encoding.UTF8.GetBytes(string.Join('\n', lines) + '\n'), lines.Count);
                }

                if (lines.Count < RowsAtOnce)
                {
                    break;
                }
            }

            await RunAsync(connection, "close export_lines", saleId, cancellationToken);
        }
    }

    private static Task<int> RunAsync(NpgsqlConnection connection, string sql, long saleId, CancellationToken cancellationToken) =>
        connection.ExecuteAsync(new CommandDefinition(
            sql.Replace("@saleId", saleId.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal),
            commandTimeout: TimeoutSeconds, cancellationToken: cancellationToken));
}
