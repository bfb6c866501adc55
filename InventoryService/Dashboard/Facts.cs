
using Seckill.InventoryService.Audit;
using Seckill.InventoryService.Backlog;
using Seckill.Shared.Stock;

namespace Seckill.InventoryService.Dashboard;

/// <summary>All that is known at one moment; what the picture, the incidents and the verdict are drawn from.</summary>
/// <param name="Now">UTC.</param>
/// <param name="Stores">Which answer.</param>
/// <param name="Traffic">Null when it is not known.</param>
/// <param name="Orders">What PostgreSQL said last.</param>
/// <param name="Stock">What Redis said last of the items that are shown; those that could not be read are missing.</param>
/// <param name="Waiting">What it said last of all outboxes; empty while it is away.</param>
/// <param name="Queues">What RabbitMQ said last.</param>
/// <param name="Unbalanced">Items whose books do not balance.</param>
/// <param name="AuditAgeSeconds">Time since the last round of the auditor.</param>
internal sealed record Facts(
    DateTimeOffset Now, Stores Stores, Traffic? Traffic, OrdersReading? Orders, IReadOnlyDictionary<ItemKey, ItemStock>? Stock,
    IReadOnlyList<ItemBacklog> Waiting, Queues? Queues, IReadOnlyList<ItemAudit> Unbalanced, double AuditAgeSeconds)
{
    /// <summary>An order that waits for longer is stuck, when nothing is away that it could wait for.</summary>
    public const double StuckSeconds = 30;

    /// <summary>Stock comes back within moments; later than this, something keeps it.</summary>
    public const double LateReturnSeconds = 30;

    private static readonly TimeSpan s_catchingUp = TimeSpan.FromSeconds(10);

    /// <summary>Orders in the outboxes of all items, shown or not; null when Redis has said nothing yet.</summary>
    public long? Outbox =>
        Stock is null ? null : Math.Max(Stock.Values.Sum(item => item.Snapshot?.OutboxDepth ?? 0), Waiting.Sum(item => item.Depth));

    /// <summary>Age of the oldest of them.</summary>
    public double OldestSeconds => Enumerable.Max(
        [0, .. Stock?.Values.Select(item => item.OldestSeconds) ?? [], .. Waiting.Select(item => item.OldestSeconds)]);

    /// <summary>Items that sell nothing until they are rebuilt.</summary>
    public int Lost => (int)(Orders?.Backlogs.ItemsLost ?? 0);

    /// <summary>Orders that were closed long ago, and whose units nobody can buy yet although nothing is away.</summary>
    public bool ReturnsAreStuck => NothingWasAway && Orders?.Backlogs.OldestReturnSeconds > LateReturnSeconds;

    /// <summary>Everything runs that an order waits for.</summary>
    public bool RoadIsFree => Stores.AreUp && Traffic is { Workers: > 0 };

    /// <summary>Orders wait, and nothing says for what.</summary>
    public bool IsStuck => RoadIsFree && NothingWasAway && OldestSeconds > StuckSeconds;

    /// <summary>The legacy database is written to.</summary>
    public bool WritesLegacy => Orders?.DualWrite.Mode is "shadow" or "dual";

    /// <summary>It does not take what it should.</summary>
    public bool LegacyIsDown => WritesLegacy && Orders!.DualWrite.Breaker != "closed";

    // What has waited for a store is old when that comes back, and on its way.
    private bool NothingWasAway =>
        Stores.AreUp && new[] { Stores.Redis, Stores.Postgres, Stores.RabbitMq }.All(store => Now - store.Since > s_catchingUp);
}
