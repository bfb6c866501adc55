namespace Seckill.Baselines;

/// <summary>A way to take orders one by one.</summary>
internal interface IShop
{
    /// <summary>Puts stock on sale.</summary>
    Task OpenAsync(long saleId, long skuId, int stock, int limitPerUser);

    /// <summary>Takes one order. It is safe when this ends with <see cref="ShopOutcome.Reserved"/>.</summary>
    Task<ShopOutcome> OrderAsync(OrderReserved order);
}

/// <summary>What came of an order.</summary>
internal enum ShopOutcome
{
    /// <summary>It is taken.</summary>
    Reserved,

    /// <summary>The buyer has all that one buyer may have.</summary>
    LimitReached,

    /// <summary>Nothing is left.</summary>
    SoldOut,

    /// <summary>It was never put on sale.</summary>
    UnknownItem,
}
