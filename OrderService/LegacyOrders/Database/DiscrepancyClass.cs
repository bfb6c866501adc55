using System.Text.Json.Serialization;

namespace Seckill.OrderService.LegacyOrders.Database;

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
