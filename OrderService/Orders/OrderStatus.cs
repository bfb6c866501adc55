namespace Seckill.OrderService.Orders;

/// <summary>Where an order is in its life: reserved, placed, then one of the final ones; or reserved, then rejected.</summary>
[JsonConverter(typeof(OrderStatusConverter))]
public enum OrderStatus
{
    /// <summary>Held in Redis, no row yet.</summary>
    Reserved,
    /// <summary>Has its row and waits for payment.</summary>
    Placed,
    /// <summary>Final.</summary>
    Paid,
    /// <summary>Final: by the buyer, before payment.</summary>
    Cancelled,
    /// <summary>Final: not paid in time.</summary>
    Expired,
    /// <summary>Final: the ledger had no room for it.</summary>
    Rejected,
}

/// <summary>The text of a status, the same in the column and in JSON: its name in small letters.</summary>
public static class OrderStatusText
{
    private static readonly string[] s_texts = [.. Enum.GetNames<OrderStatus>().Select(JsonNamingPolicy.CamelCase.ConvertName)];

    /// <summary>As the column has it.</summary>
    public static string ToText(this OrderStatus status) => s_texts[(int)status];

    /// <summary>From the column.</summary>
    /// <exception cref="FormatException">It is no status.</exception>
    public static OrderStatus Parse(string text) =>
        Array.IndexOf(s_texts, text) is >= 0 and var index
            ? (OrderStatus)index
            : throw new FormatException($"'{text}' is no order status.");
}

internal sealed class OrderStatusConverter() : JsonStringEnumConverter<OrderStatus>(JsonNamingPolicy.CamelCase, allowIntegerValues: false);
