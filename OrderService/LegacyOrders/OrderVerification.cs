using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Seckill.OrderService.LegacyOrders;

/// <summary>What a look at some orders found.</summary>
internal readonly record struct VerificationResult(int Verified, int Mismatched, int Lagging);

/// <summary>
/// Compares orders with their legacy rows, without false alarms: ours is read first, together with whether changes wait. With no
/// change waiting, the legacy database already had this version before it is read. What differs then is read once more from ours:
/// only an order that did not change in between is a finding.
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
        var looks = await LookAsync(connection, which, parameters, page?.Most, cancellationToken);
        page?.Ids.AddRange(looks.Select(look => look.Order.OrderId));
        if (looks.Count == 0)
        {
            return default;
        }

        var rows = await store.ReadAsync([.. looks.Select(look => look.Order.OrderId)], cancellationToken);
        var findings = new Dictionary<string, List<Finding>>();
        foreach (var look in looks)
        {
            if (Compare(look.Order, rows.GetValueOrDefault(look.Order.OrderId)) is { Count: > 0 } found)
            {
                findings[look.Order.OrderId] = found;
            }
        }

        var settled = looks.Where(look => !look.IsWaiting).ToDictionary(look => look.Order.OrderId, look => look.Order.Version);
        if (findings.Count > 0)
        {
            var again = await LookAsync(
                connection, "o.order_id = any(@ids)", new { ids = findings.Keys.ToArray() }, null, cancellationToken);
            foreach (var look in again.Where(look =>
                look.IsWaiting || look.IsYoung || settled.GetValueOrDefault(look.Order.OrderId) != look.Order.Version))
            {
                settled.Remove(look.Order.OrderId);
            }
        }

        // These differ, and a change of theirs is on its way or young.
        LegacyMetrics.Discrepancies.Add(
            findings.Keys.Count(id => !settled.ContainsKey(id)), new KeyValuePair<string, object?>("class", "lagging"));
        var real = findings.Where(found => settled.ContainsKey(found.Key)).SelectMany(found => found.Value).ToList();
        await DiscrepancyStore.RecordAsync(connection, settled.Keys, real, cancellationToken);
        var mismatched = findings.Keys.Count(settled.ContainsKey);
        return new VerificationResult(settled.Count - mismatched, mismatched, looks.Count - settled.Count);
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

    private async Task<List<Look>> LookAsync(
        NpgsqlConnection connection, string which, object parameters, int? most, CancellationToken cancellationToken)
    {
        var all = new DynamicParameters(parameters);
        all.Add("most", most);
        all.Add("lagging", options.Value.LaggingSeconds);
        var looks = await connection.QueryAsync<Flags, OrderSnapshot, Look>(new CommandDefinition(
            $"""
            select exists (select from legacy_outbox w where w.order_id = o.order_id) as IsWaiting,
              greatest(o.placed_at, o.paid_at, o.closed_at) > now() - make_interval(secs => @lagging) as IsYoung,
              {OrderSnapshot.Columns}
            from orders o
            where {which}
            order by o.order_id
            limit @most
            """,
            all,
            cancellationToken: cancellationToken),
            (flags, order) => new Look(flags.IsWaiting, flags.IsYoung, order),
            splitOn: "OrderId");
        return looks.AsList();
    }

    private sealed record Flags(bool IsWaiting, bool IsYoung);

    private sealed record Look(bool IsWaiting, bool IsYoung, OrderSnapshot Order);
}
