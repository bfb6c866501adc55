using System.ComponentModel.DataAnnotations;

namespace Seckill.InventoryService.Ledger;

/// <summary>A change of stock in mid-sale.</summary>
/// <param name="Delta">Units to add; negative to withdraw. Not 0, at most 1,000,000.</param>
/// <param name="Partial">
/// True to withdraw as many units as are available where these are fewer than <paramref name="Delta"/> says, even none. Only for a
/// withdrawal.
/// </param>
public sealed record ChangeStock([property: Range(-1_000_000, 1_000_000)] int? Delta, bool Partial = false);

/// <summary>The ledger of a sale item, in units.</summary>
/// <param name="Allocated">Given to the sale (PostgreSQL).</param>
/// <param name="Available">For sale (Redis).</param>
/// <param name="Reserved">Held in Redis by orders that are not in PostgreSQL yet.</param>
/// <param name="Placed">In orders that wait for payment.</param>
/// <param name="Paid">In paid orders.</param>
/// <param name="Returned">In cancelled and expired orders.</param>
/// <param name="Rejected">In orders that the ledger had no room for.</param>
/// <param name="Balanced">
/// True when the totals of the two stores agree and the last audit has no findings; false when not. Null while it is not known: a change of
/// stock or a rebuild is under way, or a difference must last a few seconds before it counts.
/// </param>
public sealed record LedgerItem(
    long SkuId, int Allocated, int Available, long Reserved, long Placed, long Paid, long Returned, long Rejected, bool? Balanced);

/// <summary>The ledger of a sale.</summary>
/// <param name="Balanced">True when every item is balanced, false when one is not, else null.</param>
/// <param name="Items">One entry for each item.</param>
public record SaleLedger(long SaleId, bool? Balanced, IReadOnlyList<LedgerItem> Items);

/// <summary>The ledger of a sale after a change of stock.</summary>
public sealed record ChangedStock : SaleLedger
{
    internal ChangedStock(SaleLedger ledger, int changed)
        : base(ledger) => Changed = changed;

    /// <summary>
    /// Units that the change added, or withdrew when negative. A retry with the same Idempotency-Key gets the same number.
    /// </summary>
    public int Changed { get; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false,
    MaxDepth = 8)]
[JsonSerializable(typeof(ChangeStock))]
[JsonSerializable(typeof(SaleLedger))]
[JsonSerializable(typeof(ChangedStock))]
internal sealed partial class LedgerJson : JsonSerializerContext;
