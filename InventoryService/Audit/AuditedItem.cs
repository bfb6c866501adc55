using Seckill.Shared.Stock;

namespace Seckill.InventoryService.Audit;

#pragma warning disable IDE1006 // Named after the columns.
/// <summary>A sale item whose stock is in Redis, as PostgreSQL has it.</summary>
internal sealed record AuditedItem(
    long sale_id, long sku_id, int item_number, int allocated, int limit_per_user, long unit_price, string currency, int epoch,
    DateTime? lost_at, string name, DateTime opens_at, DateTime closes_at, int payment_timeout_seconds, string state, long state_version)
#pragma warning restore IDE1006
{
    public ItemKey Key => new(sale_id, sku_id);

    public ItemKeys Keys { get; } = new(new ItemKey(sale_id, sku_id));

    /// <summary>First digits of the ids of its orders.</summary>
    public string Number => OrderId.Number(item_number);

    /// <summary>As it stands in Redis while none of it is sold.</summary>
    public ItemSnapshot Plan => new(
        Now: default, Available: allocated, Held: 0, Allocated: allocated, Number, unit_price, currency, opens_at, closes_at, "open",
        limit_per_user, payment_timeout_seconds, OutboxDepth: 0)
    {
        Epoch = epoch, StateVersion = state_version,
    };
}
