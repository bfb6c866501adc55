using Seckill.OrderService.LegacyOrders.Database;

namespace Seckill.OrderService.LegacyOrders.Verification;

/// <summary>
/// Rewrites legacy rows from their orders. A repair goes through the outbox, as a forced change, so that it keeps the sequence of the
/// order's changes. It never touches rows without an order: people decide whose they are.
/// </summary>
internal sealed class Repair(NpgsqlDataSource database, TimeProvider clock)
{
    private const int Maximum = 1_000;
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_pollInterval = TimeSpan.FromMilliseconds(50);

    /// <summary>
    /// Repairs these discrepancies, or reports what a repair would do. Without ids it takes all open ones, a thousand at a time.
    /// </summary>
    public async Task<RepairAnswer> RunAsync(bool dryRun, long[]? ids, CancellationToken cancellationToken)
    {
        var chosen = await DiscrepancyStore.ListAsync(database, ids is { Length: > 0 } ? ids : null, null, Maximum, cancellationToken);
        var rewritable = chosen
            .Where(found => found.ResolvedAt is null && found.Class is DiscrepancyClass.Missing or DiscrepancyClass.Different).ToList();
        if (!dryRun && rewritable.Count > 0)
        {
            await RewriteAsync([.. rewritable.Select(found => found.OrderId).Distinct()], cancellationToken);
            chosen = await DiscrepancyStore.ListAsync(database, [.. chosen.Select(found => found.Id)], null, Maximum, cancellationToken);
        }

        return new RepairAnswer(
            dryRun,
            [
                .. chosen.Select(found => new RepairedDiscrepancy(
                    found.Id, found.OrderId, found.Class, found.Field,
                    rewritable.Exists(one => one.Id == found.Id) ? RepairAction.Rewrite : RepairAction.None,
                    found.ResolvedAt is not null)),
            ]);
    }

    private async Task RewriteAsync(string[] orderIds, CancellationToken cancellationToken)
    {
        await database.ExecuteAsync("select enqueue_for_legacy(@orderIds, forced => true)", new { orderIds }, cancellationToken);
        var startedAt = clock.GetTimestamp();
        while (clock.GetElapsedTime(startedAt) < s_timeout
            && await database.SingleAsync<bool>(
                "select exists (select from legacy_outbox where forced and order_ids && @orderIds)", new { orderIds }, cancellationToken))
        {
            await Task.Delay(s_pollInterval, clock, cancellationToken);
        }
    }
}

/// <summary>The result of a repair.</summary>
/// <param name="DryRun">True when nothing was changed.</param>
/// <param name="Discrepancies">The chosen discrepancies.</param>
public sealed record RepairAnswer(bool DryRun, IReadOnlyList<RepairedDiscrepancy> Discrepancies);

/// <summary>A <see cref="Discrepancy"/> in the result of a repair.</summary>
/// <param name="Action">What the repair does about it.</param>
/// <param name="Resolved">Whether the difference is gone.</param>
public sealed record RepairedDiscrepancy(
    long Id, string OrderId, DiscrepancyClass Class, string Field, RepairAction Action, bool Resolved);

/// <summary>What a repair does about a discrepancy.</summary>
[JsonConverter(typeof(EnumText<RepairAction>))]
public enum RepairAction
{
    /// <summary>Nothing: it is resolved already, or only people can decide.</summary>
    None,
    /// <summary>Writes the legacy row from the order.</summary>
    Rewrite,
}
