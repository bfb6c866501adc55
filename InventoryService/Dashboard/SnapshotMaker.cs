using Seckill.InventoryService.Audit;
using Seckill.InventoryService.Sales;
using Seckill.Shared.Money;

namespace Seckill.InventoryService.Dashboard;

/// <summary>Makes what the page shows from the facts.</summary>
internal static class SnapshotMaker
{
    /// <summary>The snapshot without the ages of its data.</summary>
    public static Snapshot Make(Facts facts, IncidentLog incidents, Func<ItemKey, ItemAudit?> audits) => new(
        facts.Now, VerdictOf(facts, incidents), RoadPicture.Road(facts), RoadPicture.Upkeep(facts), facts.Traffic,
        [.. (facts.Orders?.Items ?? []).GroupBy(item => item.SaleId).Select(sale => SaleOf(facts, [.. sale], audits))],
        facts.Orders?.Totals.Sales ?? 0, facts.Tables?.Quarantined ?? 0, facts.Tables?.Refunds ?? 0, facts.Orders?.DualWrite,
        incidents.Recent, null, null);

    private static Verdict VerdictOf(Facts facts, IncidentLog incidents)
    {
        var broken = incidents.Broken;
        if (broken is [var worst, ..])
        {
            var more = broken.Count switch
            {
                1 => "", 2 => $" Also: {broken[1].Headline}.", _ => $" And {broken.Count - 1} more, see incidents.",
            };
            return new Verdict(Tone.Broken, worst.Headline + ".", worst.Detail + more);
        }

        var on = facts.Orders?.Items.Where(item => PhaseOf(facts, item) == "on").ToList() ?? [];
        if (on.Count == 0)
        {
            return facts.Orders is null
                ? new Verdict(Tone.Unknown, "Loading …", "No data yet.")
                : new Verdict(Tone.Fine, "No sale is on.", "All services that the next sale needs are running.");
        }

        var known = on.Select(item => facts.StockOf(item)?.Snapshot).OfType<ItemSnapshot>().ToList();
        var left = known.Sum(item => (long)item.Available);
        // An item that is not shown or could not be read may have units left.
        var isAll = known.Count == on.Count && on.Count == facts.Orders!.Totals.ItemsOn;
        var units = isAll ? $"{RoadPicture.Number(left)} units"
            : left > 0 ? $"at least {RoadPicture.Number(left)} units" : "an unknown number of units";
        return facts.Traffic is { Accepted: >= 1 } traffic
            ? new Verdict(Tone.Fine, "Selling.",
                $"{RoadPicture.Number((long)traffic.Accepted)} orders a second, {units} left. Nothing is broken.")
            : left > 0 || !isAll
            ? new Verdict(Tone.Fine, "Open, and quiet.", $"{char.ToUpperInvariant(units[0])}{units[1..]} are for sale. Nothing is broken.")
            : new Verdict(Tone.Fine, "Sold out.", "Every unit of the sales that are on has a buyer. Nothing is broken.");
    }

    private static SaleView SaleOf(Facts facts, IReadOnlyList<ItemRow> rows, Func<ItemKey, ItemAudit?> audits)
    {
        var sale = rows[0];
        return new SaleView(
            sale.SaleId, sale.Name, sale.State, PhaseOf(facts, sale), sale.OpensAt, sale.ClosesAt, sale.ItemsInSale,
            [.. rows.Select(row => ItemOf(facts, row, audits(new ItemKey(row.SaleId, row.SkuId))))]);
    }

    private static ItemView ItemOf(Facts facts, ItemRow row, ItemAudit? audit)
    {
        var stock = facts.StockOf(row);
        var now = stock?.Snapshot;
        var audited = !row.IsWarm ? Tone.Off
            : row.IsLost || audit?.Findings.Count > 0 ? Tone.Broken
            : row.IsAtRest ? Tone.Fine
            : audit is null || facts.AuditAgeSeconds > 60 ? Tone.Unknown : Tone.Fine;
        var finding = row.IsLost ? "Redis lost its data; the item waits for its rebuild"
            : audit?.Findings is [var first, ..]
            ? $"{BreakKindConverter.Name(first.Kind)}: {first.Actual:N0} instead of {first.Expected:N0}"
                + (audit.Findings.Count > 1 ? $", and {audit.Findings.Count - 1} more" : "")
            : null;
        // Redis has nothing of an item yet, or has what PostgreSQL has and is not asked any more.
        var isStill = !row.IsWarm || row.IsAtRest;
        return new ItemView(
            row.SkuId, row.Allocated, now?.Available ?? (isStill ? row.Allocated - row.Live : null),
            now?.Held ?? (isStill ? row.Live : null), row.Live, now?.OutboxDepth ?? (isStill ? 0 : null),
            stock is null ? null : Math.Round(stock.OldestSeconds, 1),
            row.UnitPrice, row.Currency, MinorUnits.DigitsOf(row.Currency), audited, finding);
    }

    private static string PhaseOf(Facts facts, ItemRow sale) => sale.State switch
    {
        SaleState.Created => "planned",
        SaleState.Closed => "closed",
        _ => facts.Now < sale.OpensAt ? "upcoming" : facts.Now < sale.ClosesAt ? "on" : "over",
    };
}
