using System.Text.Json.Serialization;
using Seckill.OrderService.LegacyOrders.Database;

namespace Seckill.OrderService.LegacyOrders.Outbox;

/// <summary>How far a backfill is.</summary>
[JsonConverter(typeof(EnumText<BackfillState>))]
public enum BackfillState
{
    /// <summary>It never started.</summary>
    Idle,

    /// <summary>Orders are missing in the outbox.</summary>
    Running,

    /// <summary>All orders are in the outbox, or already written.</summary>
    Finished,
}
