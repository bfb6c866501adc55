using Seckill.InventoryService.Reconciliation;
using Seckill.Shared.Stock;

namespace Seckill.InventoryService.Dashboard;

/// <summary>All that is known at one moment; what the picture, the incidents and the verdict are drawn from.</summary>
/// <param name="Now">UTC.</param>
/// <param name="Stores">Which answer.</param>
/// <param name="Traffic">Null when it is not known.</param>
/// <param name="Orders">What PostgreSQL said last.</param>
/// <param name="Stock">What Redis said last.</param>
/// <param name="Queues">What RabbitMQ said last.</param>
/// <param name="Unbalanced">Items whose books do not balance.</param>
/// <param name="AuditAgeSeconds">Time since the last round of the auditor.</param>
internal sealed record Facts(
    DateTimeOffset Now, Stores Stores, Traffic? Traffic, OrdersReading? Orders, IReadOnlyDictionary<ItemKey, ItemStock>? Stock,
    Queues? Queues, IReadOnlyList<ItemAudit> Unbalanced, double AuditAgeSeconds)
{
    /// <summary>An order that waits for longer is stuck, when nothing is away that it could wait for.</summary>
    public const double StuckSeconds = 30;

    /// <summary>Orders in the outboxes of all items that are shown; null when Redis has said nothing yet.</summary>
    public long? Outbox => Stock?.Values.Sum(item => item.Snapshot?.OutboxDepth ?? 0);

    /// <summary>Age of the oldest of them.</summary>
    public double OldestSeconds => Stock is { Count: > 0 } ? Stock.Values.Max(item => item.OldestSeconds) : 0;

    /// <summary>Items that sell nothing until they are rebuilt.</summary>
    public int Lost => Orders?.Items.Count(item => item.is_lost) ?? 0;

    /// <summary>Everything runs that an order waits for.</summary>
    public bool RoadIsFree => Stores.AreUp && Traffic is { Workers: > 0 };

    /// <summary>Orders wait, and nothing says for what.</summary>
    public bool IsStuck => RoadIsFree && OldestSeconds > StuckSeconds;

    /// <summary>The legacy database is written to.</summary>
    public bool WritesLegacy => Orders?.DualWrite.Mode is "shadow" or "dual";

    /// <summary>It does not take what it should.</summary>
    public bool LegacyIsAway => WritesLegacy && Orders!.DualWrite.Breaker != "closed";
}
