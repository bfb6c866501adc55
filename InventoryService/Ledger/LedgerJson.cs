namespace Seckill.InventoryService.Ledger;

/// <summary>A change of stock in mid-sale.</summary>
/// <param name="Delta">Units to add; negative to withdraw. Not 0, at most 1,000,000.</param>
public sealed record ChangeStock(int? Delta);

/// <summary>The ledger of a sale item, in units.</summary>
/// <param name="Allocated">Given to the sale (PostgreSQL).</param>
/// <param name="Available">For sale (Redis).</param>
/// <param name="Reserved">Held in Redis by orders that are not in PostgreSQL yet.</param>
/// <param name="Placed">In orders that wait for payment.</param>
/// <param name="Paid">In paid orders.</param>
/// <param name="Returned">In cancelled and expired orders.</param>
/// <param name="Rejected">In orders that the ledger had no room for.</param>
/// <param name="Balanced">allocated = available + reserved + placed + paid, and the last audit has no findings.</param>
public sealed record LedgerItem(
    long SkuId, int Allocated, int Available, long Reserved, long Placed, long Paid, long Returned, long Rejected, bool Balanced);

/// <summary>The ledger of a sale.</summary>
/// <param name="Balanced">True when every item is balanced.</param>
/// <param name="Items">One entry for each item.</param>
public sealed record SaleLedger(long SaleId, bool Balanced, IReadOnlyList<LedgerItem> Items);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false,
    MaxDepth = 8)]
[JsonSerializable(typeof(ChangeStock))]
[JsonSerializable(typeof(SaleLedger))]
internal sealed partial class LedgerJson : JsonSerializerContext;
