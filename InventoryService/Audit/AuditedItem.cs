namespace Seckill.InventoryService.Audit;

/// <summary>A sale item whose stock is in Redis, as PostgreSQL has it.</summary>
internal sealed record AuditedItem(
    long SaleId, long SkuId, int ItemNumber, int Allocated, int LimitPerUser, long UnitPrice, string Currency, int OrdersPerUser,
    int CoolDownSeconds, int Epoch, DateTime? LostAt, string Name, DateTime OpensAt, DateTime ClosesAt, int PaymentTimeoutSeconds,
    string State, long StateVersion, long Seq, int Room)
{
    /// <summary>
    /// SQL: the orders of an item behind the id <c>@after</c> and before <see cref="EndOfIds"/>, <c>@maximum</c> of them, by their ids. The
    /// planner does not see the maximum, or it would sort all orders of the item for each page while it has no statistics.
    /// </summary>
    public const string PageOfOrders =
        "select * from orders where order_id > @after and order_id < @end order by order_id limit (select @maximum::int)";

    public ItemKey Key => new(SaleId, SkuId);
    public ItemKeys Keys { get; } = new(new ItemKey(SaleId, SkuId));

    /// <summary>First digits of the ids of its orders.</summary>
    public string Number => OrderId.Number(ItemNumber);

    /// <summary>Behind the ids of its orders: hex digits follow <see cref="Number"/>.</summary>
    public string EndOfIds => Number + "g";

    /// <summary>The item in Redis while none of it is sold.</summary>
    public ItemSnapshot Plan => new(
        Now: default, Available: Allocated, Held: 0, Allocated, Number, UnitPrice, Currency, OpensAt, ClosesAt, ItemState.Open,
        LimitPerUser, PaymentTimeoutSeconds, OutboxDepth: 0)
    {
        Epoch = Epoch, StateVersion = StateVersion, Room = (RoomPolicy)Room, OrdersPerUser = OrdersPerUser,
        CoolDownSeconds = CoolDownSeconds,
    };
}
