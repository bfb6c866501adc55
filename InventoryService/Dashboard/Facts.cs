using Seckill.InventoryService.Audit;
using Seckill.InventoryService.Backlog;
using Seckill.InventoryService.Sales;
using Seckill.InventoryService.WaitingRooms;

namespace Seckill.InventoryService.Dashboard;

/// <summary>
/// Everything known at one moment: the input of picture, incidents and verdict. Null is what was never read; traffic is null while it is
/// unknown.
/// </summary>
/// <param name="Now">UTC.</param>
/// <param name="Stock">All opened items in Redis; items that could not be read are missing.</param>
/// <param name="Unbalanced">Audits with findings.</param>
/// <param name="AuditAgeSeconds">Time since the last round of the auditor.</param>
internal sealed record Facts(
    DateTimeOffset Now, Stores Stores, Traffic? Traffic, OrdersReading? Orders, IReadOnlyDictionary<ItemKey, ItemStock>? Stock,
    TableCounts? Tables, Queues? Queues, IReadOnlyList<ItemAudit> Unbalanced, double AuditAgeSeconds)
{
    /// <summary>An order is stuck when it waits for longer, while everything that it could wait for is up.</summary>
    public const double StuckSeconds = 30;

    /// <summary>Stock normally comes back within moments; after this time it is late.</summary>
    public const double LateReturnSeconds = 30;

    private static readonly TimeSpan s_catchingUp = TimeSpan.FromSeconds(10);

    /// <summary>The waiting rooms in use, by sale; empty while they cannot be read.</summary>
    public IReadOnlyDictionary<long, WatchedRoom> Rooms { get; init; } = new Dictionary<long, WatchedRoom>();

    /// <summary>By how much the clock of this process is ahead of that of Redis, which decides the window of a sale.</summary>
    public TimeSpan AheadOfRedis { get; init; }

    /// <summary>Now, by the clock of Redis.</summary>
    public DateTimeOffset RedisNow => Now - AheadOfRedis;

    /// <summary>
    /// Items as both stores had them at the same time. While one of them does not answer, both are older: a sale is never shown with the
    /// stock of then and the orders of now.
    /// </summary>
    public ItemsAtOnce Shown => ReadTogether ?? new ItemsAtOnce(Orders?.Items ?? [], Stock);

    /// <summary>Null when <see cref="Orders"/> and <see cref="Stock"/> belong together.</summary>
    public ItemsAtOnce? ReadTogether { get; init; }

    /// <summary>Orders in the outboxes of all items; null while unknown.</summary>
    public long? Outbox => Stores.Redis.IsUp ? Stock?.Values.Sum(item => item.Snapshot?.OutboxDepth ?? 0) : null;

    /// <summary>Age of the oldest of them; 0 while unknown.</summary>
    public double OldestSeconds => Stores.Redis.IsUp ? Stock?.Values.Select(item => item.OldestSeconds).Append(0).Max() ?? 0 : 0;

    /// <summary>Items whose oldest order in the outbox is late; null while unknown.</summary>
    public int? Late => Stores.Redis.IsUp ? Stock?.Values.Count(item => item.OldestSeconds > 5) : null;

    /// <summary>Items that sell nothing until they are rebuilt.</summary>
    public int Lost => (int)(Orders?.Totals.ItemsLost ?? 0);

    /// <summary>The stock of closed orders is late although all stores are up.</summary>
    public bool ReturnsAreStuck => StoresWereUp && Tables?.OldestReturnSeconds > LateReturnSeconds;

    /// <summary>Everything that an order needs is running.</summary>
    public bool RoadIsFree => Stores.AreUp && Traffic is { Workers: > 0 };

    /// <summary>Orders wait for no known reason.</summary>
    public bool IsStuck => RoadIsFree && StoresWereUp && OldestSeconds > StuckSeconds;

    /// <summary>The dual write is on.</summary>
    public bool WritesLegacy => Orders?.DualWrite.Mode is "shadow" or "dual";

    /// <summary>The dual write is on, and the legacy database is out of use.</summary>
    public bool LegacyBreakerIsOpen => WritesLegacy && Orders!.DualWrite.Breaker != "closed";

    /// <summary>Orders from before the dual write that wait for a backfill.</summary>
    public long Older => WritesLegacy ? Orders!.DualWrite.Older : 0;

    /// <summary>Orders with an open discrepancy that no backfill is about to resolve, while the dual write is on.</summary>
    public long Different => WritesLegacy ? Math.Max(0, Orders!.DualWrite.Mismatched + Orders.DualWrite.Missing - Older) : 0;

    /// <summary>State and window of a sale combined, by the clock of Redis.</summary>
    public SalePhase PhaseOf(ItemRow sale) => sale.State switch
    {
        SaleState.Created => SalePhase.Planned,
        SaleState.Closed => SalePhase.Closed,
        _ => RedisNow < sale.OpensAt ? SalePhase.Upcoming : RedisNow < sale.ClosesAt ? SalePhase.On : SalePhase.Over,
    };

    /// <summary>Stock of an item; null while unknown.</summary>
    public ItemStock? StockOf(ItemRow item) => Shown.Stock?.GetValueOrDefault(new ItemKey(item.SaleId, item.SkuId));

    // A backlog is old right after the store that it waited for is up again. The amount, because the clock may be set back.
    private bool StoresWereUp =>
        Stores.AreUp
        && new[] { Stores.Redis, Stores.Postgres, Stores.RabbitMq }.All(store => (Now - store.Since).Duration() > s_catchingUp);
}

/// <summary>Items as PostgreSQL and Redis have them.</summary>
/// <param name="Items">In the order in which they are shown.</param>
/// <param name="Stock">Null before the first reading.</param>
internal sealed record ItemsAtOnce(IReadOnlyList<ItemRow> Items, IReadOnlyDictionary<ItemKey, ItemStock>? Stock);
