using System.Collections.Concurrent;
using StackExchange.Redis;

namespace Seckill.InventoryService.Audit;

/// <summary>
/// (11) Audits items by their totals: sums that both stores keep, so a look costs the same at any number of orders. Redis is read between
/// two reads of PostgreSQL; what moved between these bounds the units that buyers can hold. docs/decisions/0030 has the reasons.
/// </summary>
internal sealed class TotalsAuditor(AuditRows rows, StockLedger stock, IOptions<AuditorOptions> options, TimeProvider clock)
{
    private const int ItemsAtOnce = 64;
    private readonly ConcurrentDictionary<ItemKey, Suspicion> _suspicions = new();

    /// <summary>Called after each of the first two reads: a test moves orders here.</summary>
    internal Func<Task> BetweenTheStores { get; init; } = () => Task.CompletedTask;

    /// <summary>Looks at the items of a sale, or at all items whose stock was put into Redis and that are not at rest.</summary>
    public async Task<IReadOnlyList<ItemLook>> LookAsync(
        long? saleId, CancellationToken cancellationToken, bool withQuietItems = true)
    {
        var before = await rows.TotalsAsync(saleId, null, cancellationToken, withQuietItems);
        await BetweenTheStores();
        var redis = new List<(ItemSnapshot? Item, string? Failure)>(before.Count);
        foreach (var items in before.Chunk(ItemsAtOnce))
        {
            redis.AddRange(await Task.WhenAll(items.Select(InspectAsync)));
        }

        await BetweenTheStores();
        var after = (await rows.TotalsAsync(saleId, null, cancellationToken, withQuietItems)).ToDictionary(totals => totals.Key);
        // A sale may have been deleted meanwhile, or an item come to rest.
        return
        [
            .. before.Zip(redis).Where(item => after.ContainsKey(item.First.Key)).Select(item => item.Second.Failure is { } failure
                ? new ItemLook(item.First, null, [], false, failure)
                : Judge(item.First, item.Second.Item, after[item.First.Key])),
        ];
    }

    private async Task<(ItemSnapshot? Item, string? Failure)> InspectAsync(ItemTotals item)
    {
        try
        {
            return (await stock.InspectAsync(new ItemKeys(item.Key)), null);
        }
#pragma warning disable CA1031 // A value of unknown origin in Redis must not hide the other items. That Redis is down concerns all of them.
        catch (Exception exception) when (exception is not (RedisConnectionException or TimeoutException or ObjectDisposedException))
#pragma warning restore CA1031
        {
            return (null, exception.Message);
        }
    }

    private ItemLook Judge(ItemTotals before, ItemSnapshot? redis, ItemTotals after)
    {
        if (redis is null && !before.WasWarm)
        {
            return new ItemLook(
                before, redis, before.Live == 0 ? [] : [new AuditFinding(BreakKind.Conservation, null, null, before.Live, 0)], true);
        }

        if (redis is not { State: not ItemState.Lost })
        {
            return new ItemLook(before, redis, [new AuditFinding(BreakKind.StockLost, null, null, after.Allocated, 0)], true);
        }

        var findings = new List<AuditFinding>();
        if (redis.Allocated != redis.Available + redis.Held)
        {
            findings.Add(new AuditFinding(BreakKind.Counters, null, null, redis.Allocated, redis.Available + redis.Held));
        }

        // A rebuild began or ended meanwhile.
        if ((before.Epoch, after.Epoch) != (redis.Epoch, redis.Epoch))
        {
            return new ItemLook(before, redis, findings, false);
        }

        var isPlanKnown = after.HasThePlanOf(before);
        if (isPlanKnown && redis.Allocated != after.Allocated)
        {
            findings.Add(new AuditFinding(BreakKind.Allocation, null, null, after.Allocated, redis.Allocated));
        }

        var (minimum, maximum) = Bounds(before, redis, after);
        var nearest = Math.Clamp(redis.Held, minimum, Math.Max(minimum, maximum));
        if (HasLasted(before.Key, Math.Sign(redis.Held - nearest), redis.Repairs))
        {
            findings.Add(new AuditFinding(BreakKind.Conservation, null, null, nearest, redis.Held));
        }

        return new ItemLook(
            before, redis, findings, redis.Held == nearest && (isPlanKnown || redis.Allocated == after.Allocated));
    }

    // Every live order has a hold, and every hold belongs to an order that is live, or in quarantine, or in the outbox, or whose stock is
    // on its way back. A close is the only way out of the live units; what was closed between the two reads may have been live, or held.
    private static (long Minimum, long Maximum) Bounds(ItemTotals before, ItemSnapshot redis, ItemTotals after)
    {
        var closed = after.Returned - before.Returned;
        var rejected = after.Rejected - before.Rejected;
        return (before.Live - closed,
            after.Live + after.Quarantined + closed + rejected + (before.Returning + redis.OutboxDepth) * redis.LimitPerUser);
    }

    // An order that arrives after a rebuild is live for a moment before its hold is restored, which counts as a repair.
    private bool HasLasted(ItemKey item, int sign, long repairs)
    {
        if (sign == 0)
        {
            _suspicions.TryRemove(item, out _);
            return false;
        }

        var fresh = new Suspicion(sign, repairs, clock.GetTimestamp());
        var first = _suspicions.AddOrUpdate(
            item, fresh, (_, known) => (known.Sign, known.Repairs) == (sign, repairs) ? known : fresh);
        return clock.GetElapsedTime(first.Since) >= TimeSpan.FromMilliseconds(options.Value.LateOrderMilliseconds);
    }

    // Redis holds too few units (-1) or too many (1) since a moment.
    private sealed record Suspicion(int Sign, long Repairs, long Since);
}
