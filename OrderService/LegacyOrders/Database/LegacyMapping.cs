using System.Globalization;

namespace Seckill.OrderService.LegacyOrders.Database;

/// <summary>
/// The one place that knows how an order and a row of <c>t_order</c> correspond, both ways. A value that a column cannot hold exactly
/// is named, never cut to size.
/// </summary>
internal static class LegacyMapping
{
    private const decimal LargestAmount = 99_999_999.99m;

    // ISO 4217: minor digits, where they are not 2.
    private static readonly Dictionary<string, int> s_minorDigits = new()
    {
        ["BIF"] = 0, ["CLP"] = 0, ["DJF"] = 0, ["GNF"] = 0, ["ISK"] = 0, ["JPY"] = 0, ["KMF"] = 0, ["KRW"] = 0, ["PYG"] = 0,
        ["RWF"] = 0, ["UGX"] = 0, ["UYI"] = 0, ["VND"] = 0, ["VUV"] = 0, ["XAF"] = 0, ["XOF"] = 0, ["XPF"] = 0,
        ["BHD"] = 3, ["IQD"] = 3, ["JOD"] = 3, ["KWD"] = 3, ["LYD"] = 3, ["OMR"] = 3, ["TND"] = 3, ["CLF"] = 4, ["UYW"] = 4,
    };

    /// <summary>The row that an order must have in the legacy database.</summary>
    /// <param name="order">The order to map.</param>
    /// <param name="obstacle">The first column that cannot hold its value.</param>
    /// <returns>Null, and the obstacle, when the order has no exact counterpart.</returns>
    public static LegacyRow? ToLegacy(OrderSnapshot order, out FieldDifference obstacle)
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
            ? new FieldDifference(field, Convert.ToString(value, CultureInfo.InvariantCulture), null) : default;
        return bad is not null ? null : new LegacyRow(
            order.OrderId, order.UserId, order.SkuId, order.SaleId, order.Quantity, amount, status, addTime, payTime, IsDelete: 0);
    }

    /// <summary>The order that a legacy row describes; what the row does not hold comes from <paramref name="order"/>.</summary>
    /// <returns>Null when the row holds what no order can be.</returns>
    public static OrderSnapshot? FromLegacy(LegacyRow row, OrderSnapshot order)
    {
        if (row is not { Uid: > 0, GoodsId: > 0, ActivityId: > 0, Num: > 0 and <= int.MaxValue, AddTime: >= 0, PayTime: >= 0, IsDelete: 0 }
            || Status(row.OrderStatus) is not { } status
            || UnitPrice(row.OrderAmount, (int)row.Num, order.Currency) is not { } unitPrice)
        {
            return null;
        }

        return order with
        {
            OrderId = row.OrderSn, UserId = row.Uid.Value, SkuId = row.GoodsId.Value, SaleId = row.ActivityId.Value,
            Quantity = (int)row.Num.Value, UnitPrice = unitPrice, Status = status,
        };
    }

    /// <summary>Every field in which the row is not as expected.</summary>
    public static IEnumerable<FieldDifference> Differences(LegacyRow expected, LegacyRow actual)
    {
        if (expected == actual)
        {
            yield break;
        }

        (string Field, object? Expected, object? Actual)[] fields =
        [
            ("order_sn", expected.OrderSn, actual.OrderSn),
            ("uid", expected.Uid, actual.Uid),
            ("goods_id", expected.GoodsId, actual.GoodsId),
            ("activity_id", expected.ActivityId, actual.ActivityId),
            ("num", expected.Num, actual.Num),
            ("order_amount", expected.OrderAmount, actual.OrderAmount),
            ("order_status", expected.OrderStatus, actual.OrderStatus),
            ("add_time", expected.AddTime, actual.AddTime),
            ("pay_time", expected.PayTime, actual.PayTime),
            ("is_delete", expected.IsDelete, actual.IsDelete),
        ];
        foreach (var (field, expectedValue, actualValue) in fields)
        {
            if (!Equals(expectedValue, actualValue))
            {
                yield return new FieldDifference(field, Text(expectedValue), Text(actualValue));
            }
        }
    }

    /// <summary>Major units with two decimals, or null when that is not exact or does not fit <c>numeric(10,2)</c>.</summary>
    private static string? Amount(long unitPrice, int quantity, string currency)
    {
        var minor = (Int128)unitPrice * quantity;
        var digits = MinorDigits(currency);
        var (cents, rest) = digits <= 2
            ? (minor * (long)Math.Pow(10, 2 - digits), Int128.Zero)
            : Int128.DivRem(minor, (long)Math.Pow(10, digits - 2));
        return rest == 0 && cents >= 0 && cents <= (Int128)(LargestAmount * 100)
            ? ((decimal)cents / 100).ToString("0.00", CultureInfo.InvariantCulture)
            : null;
    }

    private static long? UnitPrice(string? amount, int quantity, string currency)
    {
        if (!decimal.TryParse(amount, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var major))
        {
            return null;
        }

        var price = major * (decimal)Math.Pow(10, MinorDigits(currency)) / quantity;
        return price == decimal.Truncate(price) ? (long)price : null;
    }

    private static long? StatusCode(string status) => status switch
    {
        "placed" => 0,
        "paid" => 1,
        "cancelled" => 2,
        "expired" => 3,
        "rejected" => 9,
        _ => null,
    };

    private static string? Status(long? code) => code switch
    {
        0 => "placed",
        1 => "paid",
        2 => "cancelled",
        3 => "expired",
        9 => "rejected",
        _ => null,
    };

    private static int MinorDigits(string currency) => s_minorDigits.GetValueOrDefault(currency, 2);

    private static long UnixSeconds(DateTime time) => new DateTimeOffset(time).ToUnixTimeSeconds();

    private static string? Text(object? value) =>
        Convert.ToString(value, CultureInfo.InvariantCulture) is { Length: > 0 } text ? text : null;
}
