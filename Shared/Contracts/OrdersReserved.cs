namespace Seckill.Shared.Contracts;

/// <summary>(5) Orders of one sale item that are reserved and not yet in PostgreSQL. May be delivered any number of times.</summary>
/// <param name="SaleId">The sale.</param>
/// <param name="SkuId">The SKU.</param>
/// <param name="UnitPrice">What the buyers were told, minor units of <paramref name="Currency"/>.</param>
/// <param name="Currency">ISO 4217 code.</param>
/// <param name="Orders">At least one.</param>
public sealed record OrdersReserved(long SaleId, long SkuId, long UnitPrice, string Currency, IReadOnlyList<ReservedOrder> Orders);

/// <summary>One of them.</summary>
/// <param name="OrderId">32 hex digits.</param>
/// <param name="UserId">The buyer.</param>
/// <param name="Quantity">Units.</param>
/// <param name="ReservedAt">Redis time.</param>
public readonly record struct ReservedOrder(string OrderId, long UserId, int Quantity, DateTimeOffset ReservedAt);
