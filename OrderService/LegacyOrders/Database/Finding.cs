namespace Seckill.OrderService.LegacyOrders.Database;

/// <summary>A difference between an order and the legacy database.</summary>
/// <param name="OrderId">Also the legacy <c>order_sn</c>.</param>
/// <param name="Field">Column of <c>t_order</c>; empty where the whole row is meant.</param>
/// <param name="Expected">What the order says.</param>
/// <param name="Actual">What the legacy row says.</param>
internal sealed record Finding(string OrderId, DiscrepancyClass Class, string Field, string? Expected, string? Actual)
{
    /// <summary>An order without a legacy row.</summary>
    /// <param name="orderId">Of the order.</param>
    /// <param name="refusal">Why the legacy database did not take the row, if it said so.</param>
    public static Finding Missing(string orderId, string? refusal = null) =>
        new(orderId, DiscrepancyClass.Missing, "", null, refusal is null ? null : "refused: " + refusal);
}

/// <summary>How an order and the legacy database disagree. The column <c>legacy_discrepancies.class</c> has these as words.</summary>
[JsonConverter(typeof(EnumText<DiscrepancyClass>))]
public enum DiscrepancyClass
{
    /// <summary>The order has no legacy row.</summary>
    Missing,
    /// <summary>A legacy row of a Seckill sale has no order.</summary>
    Extra,
    /// <summary>A field of the legacy row is not as expected.</summary>
    Different,
    /// <summary>A column of the legacy table cannot hold the order's value.</summary>
    Unrepresentable,
}
