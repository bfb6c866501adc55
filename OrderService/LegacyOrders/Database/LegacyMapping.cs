using System.Globalization;
using Seckill.Shared.Money;

namespace Seckill.OrderService.LegacyOrders.Database;

/// <summary>
/// The one place that knows which row of <c>t_order</c> an order must have. A value that a column cannot hold exactly is named, never cut
/// to size.
/// </summary>
internal static class LegacyMapping
{
    private const decimal LargestAmount = 99_999_999.99m;

    /// <summary>The row that an order must have in the legacy database.</summary>
    /// <param name="order">The order to map.</param>
    /// <param name="obstacle">The first column that cannot hold its value.</param>
    /// <returns>Null, and the obstacle, when the order has no exact counterpart.</returns>
    public static LegacyRow? ToLegacy(OrderSnapshot order, out Finding? obstacle)
    {
        var amount = Amount(order.UnitPrice, order.Quantity, order.Currency);
        var addTime = UnixSeconds(order.ReservedAt);
        var payTime = order.PaidAt is { } paidAt ? UnixSeconds(paidAt) : 0;
        var status = StatusCode(order.Status);
        (string Field, object Value)? bad =
            order.UserId > int.MaxValue ? ("uid", order.UserId)
            : order.SkuId > int.MaxValue ? ("goods_id", order.SkuId)
            : order.SaleId > int.MaxValue ? ("activity_id", order.SaleId)
            : order.Quantity > short.MaxValue ? ("num", order.Quantity)
            : amount is null ? ("order_amount", $"{(Int128)order.UnitPrice * order.Quantity} minor units of {order.Currency}")
            : status is null ? ("order_status", order.Status)
            : addTime is < 0 or > int.MaxValue ? ("add_time", addTime)
            : payTime is < 0 or > int.MaxValue ? ("pay_time", payTime)
            : null;
        obstacle = bad is var (field, value)
            ? new Finding(order.OrderId, DiscrepancyClass.Unrepresentable, field, Text(value), null) : null;
        return bad is not null ? null : new LegacyRow(
            order.OrderId, order.UserId, order.SkuId, order.SaleId, order.Quantity, amount, status, addTime, payTime, IsDelete: 0);
    }

    /// <summary>All that is wrong with the row of an order.</summary>
    public static IEnumerable<Finding> Differences(LegacyRow expected, LegacyRow? actual) =>
        actual is null ? [Finding.Missing(expected.OrderSn)]
        : actual == expected ? []
        : Fields(expected).Zip(Fields(actual), (one, other) => new Finding(
                expected.OrderSn, DiscrepancyClass.Different, one.Name, Text(one.Value), Text(other.Value)))
            .Where(found => found.Expected != found.Actual);

    private static (string Name, object? Value)[] Fields(LegacyRow row) =>
    [
        ("order_sn", row.OrderSn), ("uid", row.Uid), ("goods_id", row.GoodsId), ("activity_id", row.ActivityId), ("num", row.Num),
        ("order_amount", row.OrderAmount), ("order_status", row.OrderStatus), ("add_time", row.AddTime), ("pay_time", row.PayTime),
        ("is_delete", row.IsDelete),
    ];

    /// <summary>Major units with two decimals, or null when that is not exact or does not fit <c>numeric(10,2)</c>.</summary>
    private static string? Amount(long unitPrice, int quantity, string currency)
    {
        var minor = (Int128)unitPrice * quantity;
        var digits = MinorUnits.DigitsOf(currency);
        var (cents, rest) = digits <= 2
            ? (minor * (long)Math.Pow(10, 2 - digits), Int128.Zero)
            : Int128.DivRem(minor, (long)Math.Pow(10, digits - 2));
        return rest == 0 && cents >= 0 && cents <= (Int128)(LargestAmount * 100)
            ? ((decimal)cents / 100).ToString("0.00", CultureInfo.InvariantCulture)
            : null;
    }

    private static long? StatusCode(string status) =>
        status switch { "placed" => 0, "paid" => 1, "cancelled" => 2, "expired" => 3, "rejected" => 9, _ => null };

    private static long UnixSeconds(DateTime time) => new DateTimeOffset(time).ToUnixTimeSeconds();

    private static string? Text(object? value) =>
        Convert.ToString(value, CultureInfo.InvariantCulture) is { Length: > 0 } text ? text : null;
}
