using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;
using Seckill.OrderService.LegacyOrders.Database;

namespace Seckill.OrderService.LegacyOrders.Verification;

/// <summary>What a look at some orders found.</summary>
internal readonly record struct VerificationResult(int Verified, int Mismatched, int Lagging);

/// <summary>
/// Compares orders with their legacy rows, without false alarms. What differs is looked at again: ours first, together with whether
/// changes wait. With no change waiting, the legacy database already had this version before it is read. Then ours once more: only an
/// order that did not change in between is a finding.
/// </summary>
internal sealed class OrderVerification(NpgsqlDataSource database, LegacyStore store, IOptions<LegacyOptions> options)
{
    /// <summary>Looks at certain orders.</summary>
    public async Task<VerificationResult> VerifyAsync(IReadOnlyCollection<string> orderIds, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await VerifyAsync(connection, "o.order_id = any(@orderIds)", new { orderIds = orderIds.ToArray() }, null, cancellationToken);
    }

    /// <summary>Looks at the next orders after a cursor.</summary>
    /// <returns>The result, how many orders there were, and the new cursor.</returns>
    public async Task<(VerificationResult Result, int Count, string Cursor)> VerifyNextAsync(
        NpgsqlConnection connection, string after, int most, CancellationToken cancellationToken)
    {
        var ids = new List<string>();
        var result = await VerifyAsync(connection, "o.order_id > @after", new { after }, (most, ids), cancellationToken);
        return (result, ids.Count, ids.Count == 0 ? after : ids[^1]);
    }

    private async Task<VerificationResult> VerifyAsync(
        NpgsqlConnection connection, string which, object parameters, (int Most, List<string> Ids)? page,
        CancellationToken cancellationToken)
    {
        var orders = await LookAsync(connection, which, parameters, page?.Most, cancellationToken);
        page?.Ids.AddRange(orders.Select(order => order.OrderId));
        if (orders.Count == 0)
        {
            return default;
        }

        var suspects = await CompareAsync(orders, cancellationToken);
        var (real, known) = suspects.Count == 0 ? ([], []) : await InsistAsync(connection, suspects.Keys, cancellationToken);
        // The others of the suspects were found equal at last, or a change of theirs is on its way or young.
        LegacyMetrics.Discrepancies.Add(suspects.Count - known.Count, new KeyValuePair<string, object?>("class", "lagging"));
        var settled = orders.Select(order => order.OrderId).Where(id => !suspects.ContainsKey(id)).Concat(known).ToList();
        await DiscrepancyStore.RecordAsync(connection, settled, [.. real.Values.SelectMany(findings => findings)], cancellationToken);
        return new VerificationResult(settled.Count - real.Count, real.Count, orders.Count - settled.Count);
    }

    /// <summary>Looks at those again that differed, in the order that makes sure: ours, theirs, ours.</summary>
    /// <returns>What they differ in, and all whose state is certain.</returns>
    private async Task<(Dictionary<string, List<Finding>> Real, List<string> Known)> InsistAsync(
        NpgsqlConnection connection, IEnumerable<string> ids, CancellationToken cancellationToken)
    {
        var before = await SettledAsync(connection, ids, cancellationToken);
        var real = before.Count == 0 ? [] : await CompareAsync(before, cancellationToken);
        var known = before.Select(order => order.OrderId).ToHashSet();
        if (real.Count > 0)
        {
            var versions = before.ToDictionary(order => order.OrderId, order => order.Version);
            var after = (await SettledAsync(connection, real.Keys, cancellationToken))
                .Where(order => order.Version == versions[order.OrderId]).Select(order => order.OrderId).ToHashSet();
            foreach (var id in real.Keys.Where(id => !after.Contains(id)).ToList())
            {
                real.Remove(id);
                known.Remove(id);
            }
        }

        return (real, [.. known]);
    }

    /// <summary>What differs.</summary>
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

    private static List<Finding> Compare(OrderSnapshot order, LegacyRow? row)
    {
        if (LegacyMapping.ToLegacy(order, out var obstacle) is not { } should)
        {
            return [new Finding(order.OrderId, "unrepresentable", obstacle.Field, obstacle.Ours, obstacle.Theirs)];
        }

        return row is null
            ? [new Finding(order.OrderId, "missing", "", null, null)]
            : [.. LegacyMapping.Differences(should, row)
                .Select(field => new Finding(order.OrderId, "different", field.Field, field.Ours, field.Theirs))];
    }

    private static async Task<List<OrderSnapshot>> LookAsync(
        NpgsqlConnection connection, string which, object parameters, int? most, CancellationToken cancellationToken)
    {
        var all = new DynamicParameters(parameters);
        all.Add("most", most);
        return (await connection.QueryAsync<OrderSnapshot>(new CommandDefinition(
            $"select {OrderSnapshot.Columns} from orders o where {which} order by o.order_id limit @most",
            all,
            cancellationToken: cancellationToken))).AsList();
    }

    /// <summary>Those of them that did not change lately and of which no change waits.</summary>
    private async Task<List<OrderSnapshot>> SettledAsync(
        NpgsqlConnection connection, IEnumerable<string> ids, CancellationToken cancellationToken) =>
        (await connection.QueryAsync<OrderSnapshot>(new CommandDefinition(
            $"""
            with suspects as materialized (
              select * from orders
              where order_id = any(@Ids)
                and greatest(placed_at, paid_at, closed_at) <= now() - make_interval(secs => @LaggingSeconds)
                -- Whatever changed since the oldest entry may be in one of them. After an outage that is a million orders, and the
                -- entries are better not all opened to find out.
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
