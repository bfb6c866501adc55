using Dapper;
using Npgsql;

namespace Seckill.OrderService.LegacyOrders.Verification;

/// <summary>
/// Sets legacy rows to what ours says. It goes through the outbox, as a change that is forced, so that it stands in line with the
/// order's other changes. Rows that only they have are never touched: whose they are is for people to decide.
/// </summary>
internal sealed class Repair(NpgsqlDataSource database, TimeProvider clock)
{
    private const int Most = 1_000;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_betweenLooks = TimeSpan.FromMilliseconds(50);

    /// <summary>
    /// Repairs these discrepancies, or says what it would do; all that are open when none are named, a thousand at a time.
    /// </summary>
    public async Task<RepairAnswer> RunAsync(bool dryRun, long[]? ids, CancellationToken cancellationToken)
    {
        var chosen = await DiscrepancyStore.ListAsync(database, ids is { Length: > 0 } ? ids : null, Most, cancellationToken);
        var rewritable = chosen.Where(found => found.ResolvedAt is null && found.Class is "missing" or "different").ToList();
        if (!dryRun && rewritable.Count > 0)
        {
            await RewriteAsync([.. rewritable.Select(found => found.OrderId).Distinct()], cancellationToken);
            chosen = await DiscrepancyStore.ListAsync(database, [.. chosen.Select(found => found.Id)], Most, cancellationToken);
        }

        return new RepairAnswer(
            dryRun,
            [
                .. chosen.Select(found => new RepairedDiscrepancy(
                    found.Id, found.OrderId, found.Class, found.Field,
                    rewritable.Exists(one => one.Id == found.Id) ? "rewrite" : "none",
                    found.ResolvedAt is not null)),
            ]);
    }

    private async Task RewriteAsync(string[] orderIds, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition(
            "select enqueue_for_legacy(@orderIds, forced => true)", new { orderIds }, cancellationToken: cancellationToken));
        var startedAt = clock.GetTimestamp();
        while (clock.GetElapsedTime(startedAt) < s_patience
            && await connection.ExecuteScalarAsync<bool>(new CommandDefinition(
                "select exists (select from legacy_outbox where forced and order_ids && @orderIds)", new { orderIds },
                cancellationToken: cancellationToken)))
        {
            await Task.Delay(s_betweenLooks, clock, cancellationToken);
        }
    }
}

/// <summary>What was repaired.</summary>
/// <param name="DryRun">True when nothing was done.</param>
/// <param name="Discrepancies">Those that were chosen.</param>
public sealed record RepairAnswer(bool DryRun, IReadOnlyList<RepairedDiscrepancy> Discrepancies);

/// <summary>One of them.</summary>
/// <param name="Id">As listed.</param>
/// <param name="OrderId">Also the legacy <c>order_sn</c>.</param>
/// <param name="Class">As listed.</param>
/// <param name="Field">As listed.</param>
/// <param name="Action"><c>rewrite</c>, or <c>none</c> for what only people can decide.</param>
/// <param name="Resolved">Whether it is gone by now.</param>
public sealed record RepairedDiscrepancy(long Id, string OrderId, string Class, string Field, string Action, bool Resolved);
