using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;
using Seckill.OrderService.LegacyOrders.Database;

namespace Seckill.OrderService.LegacyOrders.Verification;

/// <summary>What a check of some orders found.</summary>
/// <param name="Verified">Orders that are equal.</param>
/// <param name="Mismatched">Orders that differ.</param>
/// <param name="Lagging">Orders that differ while a change is young or waits.</param>
internal readonly record struct VerificationResult(int Verified, int Mismatched, int Lagging);

/// <summary>
/// Compares orders with their legacy rows, without false alarms. An order that differs is checked again: first the order, together with
/// whether changes wait. When none waits, the legacy database had this version before its row is read. Then the order once more: only one
/// that did not change in between is a finding.
/// </summary>
internal sealed class OrderVerification(NpgsqlDataSource database, LegacyStore store, IOptions<LegacyOptions> options)
{
    /// <summary>Checks these orders.</summary>
    public async Task<VerificationResult> VerifyAsync(IReadOnlyCollection<string> orderIds, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await VerifyAsync(connection, "o.order_id = any(@orderIds)", new { orderIds = orderIds.ToArray() }, null, cancellationToken);
    }

    /// <summary>Checks the next orders after a cursor.</summary>
    /// <returns>The result, how many orders there were, and the new cursor.</returns>
    public async Task<(VerificationResult Result, int Count, string Cursor)> VerifyNextAsync(
        NpgsqlConnection connection, string after, int limit, CancellationToken cancellationToken)
    {
        var ids = new List<string>();
        var result = await VerifyAsync(connection, "o.order_id > @after", new { after }, (limit, ids), cancellationToken);
        return (result, ids.Count, ids.Count == 0 ? after : ids[^1]);
    }

    private async Task<VerificationResult> VerifyAsync(
        NpgsqlConnection connection, string which, object parameters, (int Limit, List<string> Ids)? page,
        CancellationToken cancellationToken)
    {
        var orders = await ReadOrdersAsync(connection, which, parameters, page?.Limit, cancellationToken);
        page?.Ids.AddRange(orders.Select(order => order.OrderId));
        if (orders.Count == 0)
        {
            return default;
        }

        var suspects = await CompareAsync(orders, cancellationToken);
        var (real, known) = suspects.Count == 0 ? ([], []) : await CheckAgainAsync(connection, suspects.Keys, cancellationToken);
        LegacyMetrics.CountLagging(suspects.Count - known.Count);
        var settled = orders.Select(order => order.OrderId).Where(id => !suspects.ContainsKey(id)).Concat(known).ToList();
        await DiscrepancyStore.RecordAsync(connection, settled, [.. real.Values.SelectMany(findings => findings)], cancellationToken);
        return new VerificationResult(settled.Count - real.Count, real.Count, orders.Count - settled.Count);
    }

    /// <summary>Checks suspects again, in the sequence that makes sure: order, legacy row, order.</summary>
    /// <returns>The findings by order, and all orders whose state is certain.</returns>
    private async Task<(Dictionary<string, List<Finding>> Real, List<string> Known)> CheckAgainAsync(
        NpgsqlConnection connection, IEnumerable<string> ids, CancellationToken cancellationToken)
    {
        var before = await ReadSettledAsync(connection, ids, cancellationToken);
        var real = before.Count == 0 ? [] : await CompareAsync(before, cancellationToken);
        var known = before.Select(order => order.OrderId).ToHashSet();
        if (real.Count > 0)
        {
            var versions = before.ToDictionary(order => order.OrderId, order => order.Version);
            var after = (await ReadSettledAsync(connection, real.Keys, cancellationToken))
                .Where(order => order.Version == versions[order.OrderId]).Select(order => order.OrderId).ToHashSet();
            foreach (var id in real.Keys.Where(id => !after.Contains(id)).ToList())
            {
                real.Remove(id);
                known.Remove(id);
            }
        }

        return (real, [.. known]);
    }

    /// <summary>The findings by order.</summary>
    private async Task<Dictionary<string, List<Finding>>> CompareAsync(List<OrderSnapshot> orders, CancellationToken cancellationToken)
    {
        var rows = await store.ReadAsync([.. orders.Select(order => order.OrderId)], cancellationToken);
        var different = new Dictionary<string, List<Finding>>();
        foreach (var order in orders)
        {
            if (Compare(order, rows.GetValueOrDefault(order.OrderId)) is { Count: > 0 } found)
            {
                different[order.OrderId] = found;
            }
        }

        return different;
    }

    private static List<Finding> Compare(OrderSnapshot order, LegacyRow? row) =>
        LegacyMapping.ToLegacy(order, out var obstacle) is { } expected
            ? [.. Finding.Between(expected, row)]
            : [Finding.Unrepresentable(order.OrderId, obstacle)];

    private static async Task<List<OrderSnapshot>> ReadOrdersAsync(
        NpgsqlConnection connection, string which, object parameters, int? limit, CancellationToken cancellationToken)
    {
        var all = new DynamicParameters(parameters);
        all.Add("limit", limit);
        return (await connection.QueryAsync<OrderSnapshot>(new CommandDefinition(
            $"select {OrderSnapshot.Columns} from orders o where {which} order by o.order_id limit @limit",
            all,
            cancellationToken: cancellationToken))).AsList();
    }

    /// <summary>Those of the orders that did not change lately and have no waiting change.</summary>
    private async Task<List<OrderSnapshot>> ReadSettledAsync(
        NpgsqlConnection connection, IEnumerable<string> ids, CancellationToken cancellationToken) =>
        (await connection.QueryAsync<OrderSnapshot>(new CommandDefinition(
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
            new { Ids = ids.ToArray(), options.Value.LaggingSeconds },
            cancellationToken: cancellationToken))).AsList();
}
