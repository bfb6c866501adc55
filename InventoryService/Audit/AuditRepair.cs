namespace Seckill.InventoryService.Audit;

/// <summary>
/// (11) Repairs the findings of an audit by exact differences, and records each step before it is taken. The order of the steps is safe
/// for the stock: steps that take units from sale come before steps that give units back. One process at a time repairs an item.
/// </summary>
internal sealed partial class AuditRepair(
    NpgsqlDataSource database, ItemAuditor auditor, AuditRows rows, StockLedger stock, StockRepair repair, HoldRestorer holds,
    AuditResults results, ILogger<AuditRepair> logger)
{
    private const int Rounds = 8;
    private const int FindingsInAStep = 500;

    /// <summary>Audits and repairs until no repairable finding is left.</summary>
    /// <param name="redisIsNewer">
    /// PostgreSQL was restored to an older state: an unpaid order without a hold was closed after that state, and is closed again.
    /// </param>
    /// <param name="cancellationToken">Stops between two steps.</param>
    /// <returns>The last audit and all repairs; null when another process repairs or rebuilds the item.</returns>
    public async Task<(ItemAudit Audit, IReadOnlyList<AuditFinding> Repaired)?> RepairAsync(
        AuditedItem item, bool redisIsNewer, CancellationToken cancellationToken)
    {
        await using var alone = await ItemLock.TryTakeAsync(database, item.Key, cancellationToken);
        if (alone is null)
        {
            return null;
        }

        var repaired = new List<AuditFinding>();
        for (var round = 1; ; round++)
        {
            var audit = await auditor.AuditAsync(item, cancellationToken);
            results.Enter(audit);
            var steps = round < Rounds ? await TakeStepAsync(item, audit, redisIsNewer, cancellationToken) : [];
            if (steps.Count == 0 && audit.IsConclusive)
            {
                return (audit, repaired);
            }

            repaired.AddRange(steps);
        }
    }

    // Repairs the first kind that has findings; the next audit finds what is left.
    private async Task<IReadOnlyList<AuditFinding>> TakeStepAsync(
        AuditedItem item, ItemAudit audit, bool redisIsNewer, CancellationToken cancellationToken)
    {
        var steps = Steps(item, audit, cancellationToken);
        foreach (var (kinds, what, act) in redisIsNewer ? steps.Prepend(ClosedSince(cancellationToken)) : steps)
        {
            AuditFinding[] findings = [.. audit.Findings.Where(finding => kinds.Contains(finding.Kind)).Take(FindingsInAStep)];
            if (findings.Length == 0)
            {
                continue;
            }

            var ids = await RecordAsync(item, findings, what, cancellationToken);
            var done = await act(findings);
            if (done.Count == 0)
            {
                continue;
            }

            await MarkDoneAsync([.. ids.Where((_, i) => done.Contains(findings[i]))], cancellationToken);
            foreach (var finding in done)
            {
                results.CountRepair(finding.Kind);
                LogRepaired(item.Key.ToString(), finding.Text, what);
            }

            return [.. done.Select(finding => finding with { Repair = what })];
        }

        return [];
    }

    private IEnumerable<(BreakKind[] Kinds, string What, Func<AuditFinding[], Task<IReadOnlyList<AuditFinding>>> Act)> Steps(
        AuditedItem item, ItemAudit audit, CancellationToken cancellationToken)
    {
        // An accepted order is never dropped: published again, it becomes a row or is rejected.
        yield return ([BreakKind.LostOrder], "published again through the outbox", async findings =>
        {
            await repair.RequeueAsync(item.Keys, Ids(findings));
            return findings;
        });
        yield return ([BreakKind.MissingHold], "restored the hold, took its units from sale", async findings =>
            await holds.RestoreAsync(item.Keys, Ids(findings), cancellationToken) > 0 ? findings : []);
        yield return ([BreakKind.Buyer], "derived from the buyer's holds", async findings =>
        {
            foreach (var buyer in findings.GroupBy(finding => finding.UserId!.Value))
            {
                await repair.MendBuyerAsync(item.Keys, buyer.Key, Ids(buyer));
            }

            return findings;
        });
        yield return ([BreakKind.Ledger], "set the kept sums to those of the order rows", async findings =>
            await MendLedgerAsync(item.Key, cancellationToken) ? findings : []);
        yield return ([BreakKind.Counters, BreakKind.Allocation, BreakKind.Held], Describe(audit.Correction), async findings =>
            audit.Correction is { } by && await repair.CorrectAsync(item.Keys, by.Repairs, by.Allocated, by.Available, by.Held)
                ? findings : []);
        yield return ([BreakKind.WrongHold], "replaced the hold by one equal to the order row", async findings =>
        {
            await stock.ReleaseAsync(item.Keys, Ids(findings), count: false);
            return await holds.RestoreAsync(item.Keys, Ids(findings), cancellationToken) > 0 ? findings : [];
        });
        yield return ([BreakKind.LeftoverHold], "returned the units", async findings =>
        {
            var rejected = (await rows.FatesAsync(Ids(findings), cancellationToken)).ToLookup(
                fate => fate.Status == "rejected", fate => fate.OrderId);
            return await stock.ReleaseAsync(item.Keys, rejected[false])
                + await stock.ReleaseAsync(item.Keys, rejected[true], count: false) > 0 ? findings : [];
        });
        yield return ([BreakKind.OrphanEntry], "removed from the outbox, because PostgreSQL has the order", async findings =>
        {
            var known = (await rows.FatesAsync(Ids(findings), cancellationToken))
                .Where(fate => fate.Status is not null || fate.IsQuarantined).Select(fate => fate.OrderId).ToHashSet();
            if (known.Count > 0)
            {
                await stock.SettleAsync(item.Keys, known);
            }

            return [.. findings.Where(finding => known.Contains(finding.OrderId!))];
        });
    }

    // Before all other steps: another buyer may have its units, and the order of that buyer would be rejected.
    private (BreakKind[] Kinds, string What, Func<AuditFinding[], Task<IReadOnlyList<AuditFinding>>> Act) ClosedSince(
        CancellationToken cancellationToken) =>
        ([BreakKind.MissingHold], "closed again, because Redis is newer and its stock had come back", async findings =>
        {
            var closed = await CloseAgainAsync(Ids(findings), cancellationToken);
            return [.. findings.Where(finding => closed.Contains(finding.OrderId!))];
        });

    private static string[] Ids(IEnumerable<AuditFinding> findings) =>
        [.. findings.Select(finding => finding.OrderId).OfType<string>()];

    private static string Describe(Correction? by) =>
        by is null ? ""
        : $"changed the counters: allocated {by.Allocated:+0;-0;0}, available {by.Available:+0;-0;0}, held {by.Held:+0;-0;0}";

    // While the row is locked, no order of the item becomes live or stops being live, so the difference of live units is exact. The other
    // differences are exact because they are added: a payment meanwhile changes the row and the sum alike.
    private async Task<bool> MendLedgerAsync(ItemKey item, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await connection.ExecuteAsync(
            "select from sale_items where sale_id = @SaleId and sku_id = @SkuId for update", new { item.SaleId, item.SkuId });
        var mended = await connection.ExecuteScalarAsync<int>(new CommandDefinition(
            """
            with wrong as materialized (
              select total, counted - kept as units from recount_orders(@SaleId, @SkuId) where counted <> kept
            ), mended as (
              update sale_items set live = live + units from wrong
              where total = 'live' and (sale_id, sku_id) = (@SaleId, @SkuId) and live + units between 0 and allocated
              returning 1
            ), added as (
              select add_to_totals(@SaleId, @SkuId, total, units) from wrong where total <> 'live'
            )
            select (select count(*) from mended)::int + (select count(*) from added)::int
            """,
            new { item.SaleId, item.SkuId },
            commandTimeout: AuditRows.RecountTimeoutSeconds,
            cancellationToken: cancellationToken));
        await transaction.CommitAsync(cancellationToken);
        return mended > 0;
    }

    // Its stock came back with the close that PostgreSQL has lost. A paid order is never closed.
    private async Task<HashSet<string>> CloseAgainAsync(string[] orderIds, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return [.. await connection.QueryAsync<string>(new CommandDefinition(
            """
            select unnest(close_orders(
              array(select ctid from orders where order_id = any(@orderIds) order by order_id for update), null, return_stock => false))
            """,
            new { orderIds },
            cancellationToken: cancellationToken))];
    }

    private async Task<long[]> RecordAsync(
        AuditedItem item, AuditFinding[] findings, string what, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return [.. await connection.QueryAsync<long>(new CommandDefinition(
            """
            insert into audit_repairs (sale_id, sku_id, kind, order_id, user_id, repair)
            select @SaleId, @SkuId, kind, order_id, user_id, @what
            from unnest(@kinds, @orderIds, @userIds) as f (kind, order_id, user_id)
            returning id
            """,
            new
            {
                item.SaleId, item.SkuId, what,
                kinds = findings.Select(finding => BreakKindConverter.Name(finding.Kind)).ToArray(),
                orderIds = findings.Select(finding => finding.OrderId).ToArray(),
                userIds = findings.Select(finding => finding.UserId).ToArray(),
            },
            cancellationToken: cancellationToken))];
    }

    private async Task MarkDoneAsync(long[] ids, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition(
            "update audit_repairs set done_at = now() where id = any(@ids)", new { ids }, cancellationToken: cancellationToken));
    }

    [LoggerMessage(450, LogLevel.Warning, "Repaired {Item}: {Finding}: {Repair}.")]
    private partial void LogRepaired(string item, string finding, string repair);
}
