namespace Seckill.InventoryService.Audit;

/// <summary>
/// (11) Audits a whole item, in pages, while it is sold. Two stores cannot be read at one instant, so both sides of each equation are read
/// in the order in which they become true; then concurrent orders cannot break it. docs/decisions/0008 has the reasons.
/// </summary>
internal sealed class ItemAuditor(AuditRows rows, StockLedger stock, StockPages pages, IOptions<AuditorOptions> options)
{
    private const int Tries = 3;

    /// <summary>Called between the reads of the two stores: a test changes them here.</summary>
    internal Func<ItemKey, Task> BetweenTheStores { get; init; } = _ => Task.CompletedTask;

    /// <summary>Repeats until the sum of the holds shows no difference, or the same difference twice.</summary>
    public async Task<ItemAudit> AuditAsync(AuditedItem item, CancellationToken cancellationToken)
    {
        var audit = await LookAsync(item, cancellationToken);
        for (var attempt = 1; Held(audit) is { } difference; attempt++)
        {
            audit = await LookAsync(item, cancellationToken);
            if (Held(audit) == difference)
            {
                return audit;
            }

            if (attempt == Tries)
            {
                return audit with { Findings = [.. audit.Findings.Where(finding => finding.Kind != BreakKind.Held)], Correction = null };
            }
        }

        return audit;

        static long? Held(ItemAudit audit) => audit.Findings.FirstOrDefault(finding => finding.Kind == BreakKind.Held) is { } held
            ? held.Actual - held.Expected : null;
    }

    private async Task<ItemAudit> LookAsync(AuditedItem item, CancellationToken cancellationToken)
    {
        if (await TotalsAsync(item, cancellationToken) is not { } totalsBefore)
        {
            return new ItemAudit(item.Key, false, []);
        }

        if (await stock.InspectAsync(item.Keys) is not { State: not ItemState.Lost } before)
        {
            return new ItemAudit(item.Key, true, [new AuditFinding(BreakKind.StockLost, null, null, item.Allocated, 0)]);
        }

        // Concurrently: the audit takes as long as its longest part.
        var sum = new HoldSum(before);
        var found = await Task.WhenAll(
            CheckHoldsAsync(item, sum, cancellationToken), CheckBuyersAsync(item, cancellationToken),
            FindMissingHoldsAsync(item, cancellationToken), RecountAsync(item, cancellationToken));
        var findings = found.SelectMany(part => part).ToList();
        return await TotalsAsync(item, cancellationToken) is { } totalsAfter
            && await stock.InspectAsync(item.Keys) is { State: not ItemState.Lost } after && after.Epoch == before.Epoch
            ? Conclude(item, findings, (totalsBefore, totalsAfter), before, sum.Bounds(after), after.Repairs == before.Repairs)
            : new ItemAudit(item.Key, false, []);
    }

    // Null when the sale has been deleted.
    private async Task<ItemTotals?> TotalsAsync(AuditedItem item, CancellationToken cancellationToken) =>
        (await rows.TotalsAsync(item.SaleId, item.SkuId, cancellationToken)).SingleOrDefault();

    private async Task<List<AuditFinding>> RecountAsync(AuditedItem item, CancellationToken cancellationToken) =>
    [
        .. (await rows.RecountAsync(item.Key, cancellationToken)).Where(total => total.Kept != total.Counted)
            .Select(total => new AuditFinding(BreakKind.Ledger, null, null, total.Counted, total.Kept)),
    ];

    private async Task<List<AuditFinding>> CheckHoldsAsync(AuditedItem item, HoldSum sum, CancellationToken cancellationToken)
    {
        var findings = new List<AuditFinding>();
        await foreach (var page in pages.HoldsAsync(item.Keys, options.Value.PageSize).WithCancellation(cancellationToken))
        {
            sum.Add(page);
            findings.AddRange(page.Where(entry => !entry.BuyerKnows).Select(entry =>
                new AuditFinding(BreakKind.Buyer, entry.OrderId, entry.Hold.UserId, entry.Hold.Units, 0)));
            findings.AddRange(await CheckSettledAsync(item, [.. page.Where(entry => !entry.InOutbox)], cancellationToken));
        }

        return findings;
    }

    // Checks within Redis.
    private async Task<List<AuditFinding>> CheckBuyersAsync(AuditedItem item, CancellationToken cancellationToken)
    {
        var findings = new List<AuditFinding>();
        await foreach (var page in pages.BrokenBuyersAsync(item.Keys, options.Value.PageSize).WithCancellation(cancellationToken))
        {
            findings.AddRange(page.Select(buyer => new AuditFinding(BreakKind.Buyer, null, buyer.UserId, buyer.Held, buyer.Counted)));
        }

        await foreach (var page in pages.OrphansAsync(item.Keys, options.Value.PageSize).WithCancellation(cancellationToken))
        {
            findings.AddRange(page.Select(orderId => new AuditFinding(BreakKind.OrphanEntry, orderId, null, 0, 0)));
        }

        return findings;
    }

    // Redis first: an order that left the outbox was in PostgreSQL before. A returned order must have no hold in Redis afterwards.
    private async Task<IEnumerable<AuditFinding>> CheckSettledAsync(
        AuditedItem item, IReadOnlyList<HoldEntry> settled, CancellationToken cancellationToken)
    {
        if (settled.Count == 0)
        {
            return [];
        }

        var holds = settled.DistinctBy(entry => entry.OrderId).ToDictionary(entry => entry.OrderId, entry => entry.Hold);
        await BetweenTheStores(item.Key);
        var fates = await rows.FatesAsync(holds.Keys, cancellationToken);
        await BetweenTheStores(item.Key);
        string[] returned =
        [
            .. fates.Where(fate => fate is { Status: not null, IsLive: false, IsReturning: false }).Select(fate => fate.OrderId),
        ];
        var gone = await pages.WithoutHoldAsync(item.Keys, returned);
        return
        [
            .. fates.Where(fate => fate.Status is null && !fate.IsQuarantined).Select(fate => Finding(BreakKind.LostOrder, fate.OrderId)),
            .. fates.Where(fate => fate.IsLive && (fate.UserId, fate.Units) != (holds[fate.OrderId].UserId, holds[fate.OrderId].Units))
                .Select(fate => Finding(BreakKind.WrongHold, fate.OrderId) with { Expected = fate.Units }),
            .. returned.Except(gone).Select(orderId => Finding(BreakKind.LeftoverHold, orderId) with { Expected = 0 }),
        ];

        AuditFinding Finding(BreakKind kind, string orderId) =>
            new(kind, orderId, holds[orderId].UserId, holds[orderId].Units, holds[orderId].Units);
    }

    // PostgreSQL first, and again at the end: an order that is live at both moments was live, and held, in between.
    private async Task<List<AuditFinding>> FindMissingHoldsAsync(AuditedItem item, CancellationToken cancellationToken)
    {
        var missing = new List<AuditFinding>();
        var age = TimeSpan.FromMilliseconds(options.Value.LateOrderMilliseconds);
        var (last, size) = (item.Number, options.Value.PageSize);
        IReadOnlyList<(string OrderId, bool IsDue)> page;
        do
        {
            page = await rows.PageAsync(item, last, size, age, cancellationToken);
            await BetweenTheStores(item.Key);
            var without = await pages.WithoutHoldAsync(
                item.Keys, [.. page.Where(order => order.IsDue).Select(order => order.OrderId)]);
            if (without.Count > 0)
            {
                missing.AddRange((await rows.FatesAsync(without, cancellationToken)).Where(fate => fate.IsLive).Select(fate =>
                    new AuditFinding(BreakKind.MissingHold, fate.OrderId, fate.UserId, fate.Units, 0)));
            }

            last = page.Count > 0 ? page[^1].OrderId : last;
        }
        while (page.Count == size);
        return missing;
    }

    private static ItemAudit Conclude(
        AuditedItem item, List<AuditFinding> findings, (ItemTotals Before, ItemTotals After) totals, ItemSnapshot redis,
        (long Minimum, long Maximum) held, bool isSumValid)
    {
        var (before, after) = totals;
        if (redis.Allocated != redis.Available + redis.Held)
        {
            findings.Add(new AuditFinding(BreakKind.Counters, null, null, redis.Allocated, redis.Available + redis.Held));
        }

        var isPlanKnown = after.HasThePlanOf(before);
        var allocated = isPlanKnown ? after.Allocated : redis.Allocated;
        if (redis.Allocated != allocated)
        {
            findings.Add(new AuditFinding(BreakKind.Allocation, null, null, allocated, redis.Allocated));
        }

        if (isSumValid && (redis.Held < held.Minimum || redis.Held > held.Maximum))
        {
            findings.Add(new AuditFinding(
                BreakKind.Held, null, null, redis.Held < held.Minimum ? held.Minimum : held.Maximum, redis.Held));
        }

        var isExact = isSumValid && held.Minimum == held.Maximum;
        var correction = isExact && isPlanKnown
            ? new Correction(
                redis.Repairs, allocated - redis.Allocated, (int)(allocated - held.Minimum - redis.Available),
                (int)held.Minimum - redis.Held)
            : null;
        long Units(BreakKind kind) => findings.Where(finding => finding.Kind == kind).Sum(finding => finding.Expected + finding.Actual);
        var missing = Units(BreakKind.MissingHold);
        var sellsTooMuch = missing > 0 && isSumValid
            && redis.Available > allocated - (held.Minimum + missing - Units(BreakKind.LeftoverHold));
        return new ItemAudit(item.Key, true, findings, correction, sellsTooMuch || Units(BreakKind.LeftoverHold) > 0);
    }
}
