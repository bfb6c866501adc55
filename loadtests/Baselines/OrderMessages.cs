using System.Text.Json;
using System.Text.Json.Serialization;
using Seckill.Shared.Http;

namespace Seckill.Baselines;

/// <summary>What a buyer asks for; as the storefront takes it.</summary>
/// <param name="SaleId">Positive.</param>
/// <param name="SkuId">Positive.</param>
/// <param name="Quantity">Units, at least 1.</param>
public readonly record struct PlaceOrder(long? SaleId, long? SkuId, int? Quantity);

/// <summary>The answer 202; as the storefront gives it.</summary>
/// <param name="OrderId">32 hex digits.</param>
/// <param name="Status">Always <c>reserved</c>.</param>
/// <param name="SaleId">The sale.</param>
/// <param name="SkuId">The SKU.</param>
/// <param name="Quantity">Units.</param>
/// <param name="UnitPrice">Minor units of <paramref name="Currency"/>.</param>
/// <param name="Currency">ISO 4217 code.</param>
/// <param name="ReservedAt">UTC.</param>
/// <param name="PayBy">UTC.</param>
public readonly record struct OrderAccepted(
    string OrderId, string Status, long SaleId, long SkuId, int Quantity, long UnitPrice, string Currency, DateTimeOffset ReservedAt,
    DateTimeOffset PayBy);

/// <summary>An order on its way to its row.</summary>
/// <param name="OrderId">32 hex digits.</param>
/// <param name="SaleId">The sale.</param>
/// <param name="SkuId">The SKU.</param>
/// <param name="UserId">The buyer.</param>
/// <param name="Quantity">Units.</param>
/// <param name="ReservedAt">When the stock was taken.</param>
public sealed record OrderReserved(string OrderId, long SaleId, long SkuId, long UserId, int Quantity, DateTimeOffset ReservedAt);

/// <summary>JSON, generated at compile time.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false,
    MaxDepth = 8,
    Converters = [typeof(UtcTimeConverter)])]
[JsonSerializable(typeof(PlaceOrder))]
[JsonSerializable(typeof(OrderAccepted))]
[JsonSerializable(typeof(OrderReserved))]
internal sealed partial class BaselineJson : JsonSerializerContext;
