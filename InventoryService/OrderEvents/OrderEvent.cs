using System.ComponentModel.DataAnnotations;
using System.Text.Json;

namespace Seckill.InventoryService.OrderEvents;

/// <summary>Something that happened to an order, as CloudEvents 1.0 writes it.</summary>
/// <param name="Specversion">Of CloudEvents.</param>
/// <param name="Id">The same whenever and wherever the event is delivered: a consumer that has seen it drops it.</param>
/// <param name="Source">The installation, a URI reference.</param>
/// <param name="Type">What happened.</param>
/// <param name="Subject">The order.</param>
/// <param name="Time">When it happened, UTC.</param>
/// <param name="Datacontenttype">Of the data.</param>
/// <param name="Sequence">Counts the events of the installation: 19 digits. It is the <c>after</c> of what follows.</param>
/// <param name="Data">The order.</param>
public sealed record OrderEvent(
    [property: AllowedValues("1.0")] string Specversion, string Id, string Source,
    [property: AllowedValues(
        "order.placed", "order.paid", "order.cancelled", "order.expired", "order.rejected", "order.refunded")] string Type,
    string Subject, DateTimeOffset Time, [property: AllowedValues("application/json")] string Datacontenttype,
    [property: RegularExpression("^[0-9]{19}$")] string Sequence, OrderEventData Data)
{
    /// <summary>Of one event.</summary>
    internal const string ContentType = "application/cloudevents+json";

    /// <summary>Of a list of events.</summary>
    internal const string BatchContentType = "application/cloudevents-batch+json";

    /// <summary>The sequence as a number.</summary>
    [JsonIgnore]
    public long Number { get; init; }

    /// <summary>The event as its readers get it.</summary>
    internal byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, OrderEventJson.Default.OrderEvent);
}

/// <summary>The order of an event. Price, units and buyer of an order never change.</summary>
/// <param name="OrderId">32 hex digits.</param>
/// <param name="UserId">The buyer, as the buyer's token names them.</param>
/// <param name="Quantity">Units.</param>
/// <param name="UnitPrice">Minor units of <paramref name="Currency"/>.</param>
/// <param name="Currency">ISO 4217 code.</param>
/// <param name="Refund">Of <c>order.refunded</c>; else absent.</param>
public sealed record OrderEventData(
    string OrderId, long SaleId, long SkuId, long UserId, int Quantity, long UnitPrice, string Currency,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] OrderEventRefund? Refund);

/// <summary>Money that goes back.</summary>
/// <param name="RefundId">As <c>GET /refunds</c> names it.</param>
/// <param name="Amount">Minor units of the order's currency.</param>
public sealed record OrderEventRefund(long RefundId, long Amount);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    Converters = [typeof(UtcTimeConverter)])]
[JsonSerializable(typeof(OrderEvent))]
[JsonSerializable(typeof(IReadOnlyList<OrderEvent>))]
internal sealed partial class OrderEventJson : JsonSerializerContext;
