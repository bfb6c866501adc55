namespace Seckill.LoadTests.Client;

/// <summary>One item of a sale, as it is created.</summary>
/// <param name="SkuId">What is sold.</param>
/// <param name="Allocated">Units for sale.</param>
/// <param name="LimitPerUser">Units that one user may have.</param>
/// <param name="UnitPrice">Price of one unit in minor units of <paramref name="Currency"/>.</param>
/// <param name="Currency">ISO 4217 code.</param>
public sealed record SaleItem(long SkuId, long Allocated, int LimitPerUser, long UnitPrice, string Currency);
