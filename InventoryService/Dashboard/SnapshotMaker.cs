using Seckill.InventoryService.Audit;
using Seckill.InventoryService.Sales;
using Seckill.Shared.Money;
using Seckill.Shared.WaitingRoom;

namespace Seckill.InventoryService.Dashboard;

/// <summary>Makes what the page shows from the facts.</summary>
internal static class SnapshotMaker
{
    /// <summary>The snapshot without the age of its data.</summary>
    public static Snapshot Make(Facts facts, IncidentLog incidents, Func<ItemKey, ItemAudit?> audits)
    {
        SaleView[] sales =
            [.. facts.Shown.Items.GroupBy(item => item.SaleId).Select(sale => SaleOf(facts, [.. sale], audits))];
        return new Snapshot(
            facts.Now, VerdictMaker.Of(facts, incidents), RoadPicture.Road(facts), RoadPicture.Upkeep(facts), facts.Traffic, sales,
            facts.Orders?.Totals.Sales ?? 0, facts.Tables?.Quarantined ?? 0, facts.Tables?.Refunds ?? 0, facts.Orders?.DualWrite,
            incidents.Recent, OpeningChecks.Of(facts, sales), Down(facts.Stores), null);
    }

    private static StoreDown[] Down(Stores stores) =>
        [
            .. new[] { (Name: "Redis", State: stores.Redis), (Name: "PostgreSQL", State: stores.Postgres),
                    (Name: "RabbitMQ", State: stores.RabbitMq) }
                .Where(store => store.State is not { IsUp: true, Blocked: null })
                .Select(store => new StoreDown(store.Name, $"{store.Name} is {(store.State.IsUp ? "blocked" : "down")}")),
        ];

    private static SaleView SaleOf(Facts facts, IReadOnlyList<ItemRow> rows, Func<ItemKey, ItemAudit?> audits)
    {
        var sale = rows[0];
        return new SaleView(
            sale.SaleId, sale.Name, sale.State, facts.PhaseOf(sale), sale.OpensAt, sale.ClosesAt, sale.ItemsInSale,
            [.. rows.Select(row => ItemOf(facts, row, audits(new ItemKey(row.SaleId, row.SkuId))))])
        {
            Room = facts.Rooms.TryGetValue(sale.SaleId, out var room)
                ? new RoomFigures(
                    room.Room.Phase, room.Mode.Text(), room.Room.Registered, room.Room.Waiting, room.Room.Served,
                    Math.Round(room.PerSecond, 1), room.Left?.TotalSeconds, room.Room.NoShowPercent)
                : null,
        };
    }

    private static ItemView ItemOf(Facts facts, ItemRow row, ItemAudit? audit)
    {
        var stock = facts.StockOf(row);
        var now = stock?.Snapshot;
        var down = !facts.Stores.Redis.IsUp ? "Redis" : !facts.Stores.Postgres.IsUp ? "PostgreSQL" : null;
        var audited = !row.IsWarm ? Tone.Off
            : row.IsLost || audit?.Findings.Count > 0 ? Tone.Broken
            : row.IsAtRest ? Tone.Fine
            : down is not null || audit is null || facts.AuditAgeSeconds > 60 ? Tone.Unknown : Tone.Fine;
        var finding = row.IsLost ? "Redis lost its data; the item waits for its rebuild"
            : audit?.Findings is [var first, ..]
            ? $"{BreakKindConverter.Name(first.Kind)}: {first.Actual:N0} instead of {first.Expected:N0}"
                + (audit.Findings.Count > 1 ? $", and {audit.Findings.Count - 1} more" : "")
            : audited == Tone.Unknown && down is not null ? $"not audited while {down} is down" : null;
        // Redis has nothing of an item yet, or has what PostgreSQL has and is not asked any more.
        var isStill = !row.IsWarm || row.IsAtRest;
        return new ItemView(
            row.SkuId, row.Allocated, now?.Available ?? (isStill ? row.Allocated - row.Live : null),
            now?.Held ?? (isStill ? row.Live : null), row.Live, now?.OutboxDepth ?? (isStill ? 0 : null),
            stock is null ? null : Math.Round(stock.OldestSeconds, 1),
            row.UnitPrice, row.Currency, MinorUnits.DigitsOf(row.Currency), audited, finding);
    }
}
