using Seckill.OrderService.LegacyOrders.Database;

namespace Seckill.OrderService.LegacyOrders.Verification;

/// <summary>What a check of some orders found.</summary>
/// <param name="Verified">Orders that are equal.</param>
/// <param name="Mismatched">Orders that differ.</param>
/// <param name="Lagging">Orders that differ while a change is young or waits.</param>
internal readonly record struct VerificationResult(int Verified, int Mismatched, int Lagging)
{
    public int Checked => Verified + Mismatched + Lagging;
}

/// <summary>
/// Compares orders with their legacy rows, without false alarms. An order that differs is checked again: first the order, together with
/// whether changes wait. When none waits, the legacy database had this version before its row is read. Then the order once more: only one
/// that did not change in between is a finding.
/// </summary>
internal sealed class OrderVerification(NpgsqlDataSource database, LegacyStore store, IOptions<LegacyOptions> options)
{
    /// <summary>Checks these orders.</summary>
    public async Task<VerificationResult> VerifyAsync(IEnumerable<string> orderIds, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var orders = await connection.QueryAsync<OrderSnapshot>(
            $"select {OrderSnapshot.Columns} from orders o where o.order_id = any(@Ids)", new { Ids = orderIds.ToArray() },
            cancellationToken);
        return await VerifyAsync(connection, orders, cancellationToken);
    }

    /// <summary>Checks the next orders after a cursor.</summary>
    /// <returns>The result and the new cursor.</returns>
    public async Task<(VerificationResult Result, string Cursor)> VerifyNextAsync(
        NpgsqlConnection connection, string after, int limit, CancellationToken cancellationToken)
    {
        var orders = await connection.QueryAsync<OrderSnapshot>(
            $"select {OrderSnapshot.Columns} from orders o where o.order_id > @after order by o.order_id limit @limit",
            new { after, limit }, cancellationToken);
        var result = await VerifyAsync(connection, orders, cancellationToken);
        return (result, orders is [.., var last] ? last.OrderId : after);
    }

    private async Task<VerificationResult> VerifyAsync(
        NpgsqlConnection connection, List<OrderSnapshot> orders, CancellationToken cancellationToken)
    {
        var suspects = await CompareAsync(orders, cancellationToken);
        var (real, known) = await CheckAgainAsync(connection, suspects.Keys, cancellationToken);
        LegacyMetrics.CountDiscrepancies("lagging", suspects.Count - known.Count);
        var settled = orders.Select(order => order.OrderId).Where(id => !suspects.ContainsKey(id)).Concat(known).ToList();
        await DiscrepancyStore.RecordAsync(connection, settled, [.. real.Values.SelectMany(findings => findings)], cancellationToken);
        return new VerificationResult(settled.Count - real.Count, real.Count, orders.Count - settled.Count);
    }

    /// <summary>Checks suspects again, in the sequence that makes sure: order, legacy row, order.</summary>
    /// <returns>The findings by order, and all orders whose state is certain.</returns>
    private async Task<(Dictionary<string, List<Finding>> Real, List<string> Known)> CheckAgainAsync(
        NpgsqlConnection connection, ICollection<string> ids, CancellationToken cancellationToken)
    {
        var before = await ReadSettledAsync(connection, ids, cancellationToken);
        var real = await CompareAsync(before, cancellationToken);
        var after = await ReadSettledAsync(connection, real.Keys, cancellationToken);
        foreach (var id in real.Keys.Except(before.Intersect(after).Select(order => order.OrderId)).ToList())
        {
            real.Remove(id);
            before.RemoveAll(order => order.OrderId == id);
        }

        return (real, before.ConvertAll(order => order.OrderId));
    }

    /// <summary>The findings by order.</summary>
    private async Task<Dictionary<string, List<Finding>>> CompareAsync(List<OrderSnapshot> orders, CancellationToken cancellationToken)
    {
        var rows = orders.Count == 0 ? [] : await store.ReadAsync(orders.ConvertAll(order => order.OrderId), cancellationToken);
        return orders.Select(order => (order.OrderId, Found: Compare(order, rows.GetValueOrDefault(order.OrderId))))
            .Where(compared => compared.Found.Count > 0)
            .ToDictionary(compared => compared.OrderId, compared => compared.Found);
    }

    private static List<Finding> Compare(OrderSnapshot order, LegacyRow? row) =>
        LegacyMapping.ToLegacy(order, out var obstacle) is { } expected ? [.. LegacyMapping.Differences(expected, row)] : [obstacle!];

    /// <summary>Those of the orders that did not change lately and have no waiting change.</summary>
    private async Task<List<OrderSnapshot>> ReadSettledAsync(
        NpgsqlConnection connection, ICollection<string> ids, CancellationToken cancellationToken) =>
        ids.Count == 0 ? [] : await connection.QueryAsync<OrderSnapshot>(
            $"""
            with suspects as materialized (
              select * from orders
              where order_id = any(@Ids)
                -- An order from before the clock was set back is not young.
                and greatest(placed_at, paid_at, closed_at)
                  not between now() - make_interval(secs => @LaggingSeconds) and clock_timestamp()
                -- An order that changed since the oldest entry may be in an entry. After an outage that is a million orders, too many
                -- to open all entries for.
                and greatest(placed_at, paid_at, closed_at) < coalesce((select min(created_at) from legacy_outbox), 'infinity')
            )
            select {OrderSnapshot.Columns}
            from suspects o
            where not exists (
              select from legacy_outbox w cross join unnest(w.order_ids) as waiting (id) where waiting.id = o.order_id)
            """,
            new { Ids = ids.ToArray(), options.Value.LaggingSeconds }, cancellationToken);
}
