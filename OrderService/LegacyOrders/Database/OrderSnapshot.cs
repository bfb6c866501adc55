namespace Seckill.OrderService.LegacyOrders.Database;

/// <summary>An order at one instant, with what its legacy row is made of.</summary>
/// <param name="Version">Grows with each change of status.</param>
internal sealed record OrderSnapshot(
    string OrderId, long SaleId, long SkuId, long UserId, int Quantity, long UnitPrice, string Currency, string Status,
    DateTime ReservedAt, DateTime? PaidAt, int Version)
{
    /// <summary>The select list, for a table with the alias <c>o</c>.</summary>
    public const string Columns =
        """
        o.order_id, o.sale_id, o.sku_id, o.user_id, o.quantity, o.unit_price, o.currency, o.status, o.reserved_at, o.paid_at, o.version
        """;
}
