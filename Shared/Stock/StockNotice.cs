namespace Seckill.Shared.Stock;

/// <summary>A mark that stock can fall to.</summary>
public enum StockMark
{
    /// <summary>At most the configured share of the allocation is left.</summary>
    Low,
    /// <summary>Nothing is left.</summary>
    SoldOut,
}

/// <summary>Result of one check of the stock of an item.</summary>
/// <param name="Now">Redis time.</param>
/// <param name="Available">Units for sale.</param>
/// <param name="Allocated">Units given to the sale.</param>
/// <param name="LowCrossing">Number of the crossing of <see cref="StockMark.Low"/> that the caller must publish; 0 for none.</param>
/// <param name="SoldOutCrossing">The same of <see cref="StockMark.SoldOut"/>.</param>
public sealed record StockNotice(DateTimeOffset Now, int Available, int Allocated, long LowCrossing, long SoldOutCrossing);
