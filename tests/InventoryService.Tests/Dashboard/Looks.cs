using Seckill.InventoryService.Audit;
using Seckill.InventoryService.Backlog;
using Seckill.InventoryService.Dashboard;
using Seckill.InventoryService.Sales;
using Seckill.Shared.Schema;
using Seckill.Shared.Stock;

namespace Seckill.InventoryService.Tests.Dashboard;

/// <summary>Feeds made-up facts one after the other, as the dashboard does. A viewer was connected before; nothing was broken.</summary>
public abstract class Looks
{
    private protected static readonly DateTimeOffset Now = new(2030, 1, 2, 10, 0, 3, TimeSpan.Zero);
    private protected static readonly ItemKey Item = new(7, 1001);
    private protected static readonly SaleTotals Totals = new(1, 1, 0, 0, null, null);
    private protected static readonly TableCounts NoneWaits = new(0, 0, 0, 0, 0, 0, 0, 0, 0);
    private protected IncidentLog Log { get; } = new();

    protected Looks() => Look(Facts(), isFirstLook: true);

    private protected Snapshot Look(Facts facts, bool isFirstLook = false)
    {
        Log.Look(
            [.. Condition.OfStores(facts), .. Condition.OfRoad(facts)], facts.Now, key => Condition.IsLookedFor(key, facts), isFirstLook);
        return SnapshotMaker.Make(facts, Log, _ => new ItemAudit(Item, true, []));
    }

    private protected static string[] Red(Snapshot snapshot) =>
        [.. snapshot.Road.Concat(snapshot.Upkeep).Where(station => station.Tone == Tone.Broken).Select(station => station.Id)];

    private protected static Facts Facts(long outbox = 0, double oldestSeconds = 0)
    {
        var up = new StoreState(true, Now.AddHours(-1));
        return new Facts(
            Now, new Stores(up, up, up), new Traffic(1_200, 0, [], null, 2, 9, 3, 2, 1),
            new OrdersReading(
                [
                    new ItemRow(
                        Item.SaleId, "Friday", Now.AddMinutes(-1).UtcDateTime, Now.AddHours(1).UtcDateTime, SaleState.Open, 1,
                        Item.SkuId, 100, 40, 1999, "EUR", false, true, false),
                ],
                Totals, new DualWriteState("shadow", 100, 0, 0, 40, 0, 0, "closed", null, null, null, 0, false)),
            Stock(outbox, oldestSeconds), NoneWaits, new Queues(0, 1, 0), [], 1);
    }

    private protected static Dictionary<ItemKey, ItemStock> Stock(long outbox, double oldestSeconds, int available = 60) => new()
    {
        [Item] = new ItemStock(
            new ItemSnapshot(
                Now, available, 40, 100, "00000001", 1999, "EUR", Now.AddMinutes(-1), Now.AddHours(1), ItemState.Open, 2, 900, outbox),
            oldestSeconds),
    };
}
