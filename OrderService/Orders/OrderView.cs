namespace Seckill.OrderService.Orders;

/// <summary>An order as its owner sees it.</summary>
/// <param name="OrderId">32 hex digits.</param>
/// <param name="Status">Where it is in its life.</param>
/// <param name="UnitPrice">Minor units of <paramref name="Currency"/>.</param>
/// <param name="Currency">ISO 4217 code.</param>
/// <param name="ReservedAt">UTC.</param>
/// <param name="PlacedAt">When it was persisted, UTC; null before.</param>
/// <param name="PayBy">Pay before this, UTC. Later than the 202 said only when the order was placed late, and never earlier.</param>
public sealed record OrderView(
    string OrderId, OrderStatus Status, long SaleId, long SkuId, int Quantity, long UnitPrice, string Currency,
    DateTimeOffset ReservedAt, DateTimeOffset? PlacedAt, DateTimeOffset PayBy);

/// <summary>Orders of a buyer in a sale, the newest first.</summary>
/// <param name="Next">The <c>after</c> of the next page; missing when this is the last one.</param>
public sealed record OrderPage(
    IReadOnlyList<OrderView> Orders, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Next);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, MaxDepth = 8, Converters = [typeof(UtcTimeConverter)])]
[JsonSerializable(typeof(OrderView))]
[JsonSerializable(typeof(OrderPage))]
internal sealed partial class OrderJson : JsonSerializerContext;
