namespace Seckill.Shared.Contracts;

/// <summary>
/// At most the configured share of an item's allocation is left. Published to all bound queues, at least once for each time that the
/// stock falls to that mark; a copy has the same <paramref name="Crossing"/>.
/// </summary>
/// <param name="Crossing">From 1, counted for the item: after a restock, the next fall is the next number.</param>
/// <param name="Available">Units for sale when it was noticed.</param>
/// <param name="Allocated">Units given to the sale at that time.</param>
/// <param name="NoticedAt">Redis time.</param>
public sealed record StockRunningLow(long SaleId, long SkuId, long Crossing, int Available, int Allocated, DateTimeOffset NoticedAt);

/// <summary>No unit of an item is for sale. As often as <see cref="StockRunningLow"/>, and always after it.</summary>
/// <param name="Crossing">From 1, counted for the item: when units came back and are sold again, the next number.</param>
/// <param name="Allocated">Units given to the sale at that time.</param>
/// <param name="NoticedAt">Redis time.</param>
public sealed record ItemSoldOut(long SaleId, long SkuId, long Crossing, int Allocated, DateTimeOffset NoticedAt);
