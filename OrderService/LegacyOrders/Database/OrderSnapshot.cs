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
        o.order_id as OrderId, o.sale_id as SaleId, o.sku_id as SkuId, o.user_id as UserId, o.quantity as Quantity,
        o.unit_price as UnitPrice, o.currency as Currency, o.status as Status, o.reserved_at as ReservedAt, o.paid_at as PaidAt,
        o.version as Version
        """;
}
