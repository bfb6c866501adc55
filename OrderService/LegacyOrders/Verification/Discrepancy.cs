using System.Text.Json.Serialization;
using Seckill.OrderService.LegacyOrders.Database;

namespace Seckill.OrderService.LegacyOrders.Verification;

/// <summary>A difference between an order and the legacy database.</summary>
/// <param name="OrderId">Also the legacy <c>order_sn</c>.</param>
/// <param name="Class">How they disagree.</param>
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

    /// <summary>An order that does not fit into a column.</summary>
    public static Finding Unrepresentable(string orderId, FieldDifference obstacle) =>
        new(orderId, DiscrepancyClass.Unrepresentable, obstacle.Field, obstacle.Expected, obstacle.Actual);

    /// <summary>All that is wrong with the legacy row of an order.</summary>
    public static IEnumerable<Finding> Between(LegacyRow expected, LegacyRow? actual) => actual is null
        ? [Missing(expected.OrderSn)]
        : LegacyMapping.Differences(expected, actual).Select(difference => new Finding(
            expected.OrderSn, DiscrepancyClass.Different, difference.Field, difference.Expected, difference.Actual));
}

/// <summary>A recorded difference between an order and the legacy database.</summary>
/// <param name="Id">Names it for a repair.</param>
/// <param name="OrderId">Also the legacy <c>order_sn</c>.</param>
/// <param name="Class">How they disagree.</param>
/// <param name="Field">Column of the legacy table; empty where the whole row is meant.</param>
/// <param name="Expected">What the order says.</param>
/// <param name="Actual">What the legacy row says, or why the legacy database refused it.</param>
/// <param name="FoundAt">UTC.</param>
/// <param name="ResolvedAt">UTC; null while it is open.</param>
public sealed record Discrepancy(
    long Id, string OrderId, DiscrepancyClass Class, string Field,
    [property: JsonPropertyName("ours")] string? Expected, [property: JsonPropertyName("theirs")] string? Actual,
    DateTimeOffset FoundAt, DateTimeOffset? ResolvedAt);
