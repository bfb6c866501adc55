using System.Text.Json;
using System.Text.Json.Serialization;
using Seckill.Shared.Stock;

namespace Seckill.InventoryService.Audit;

/// <summary>Which equation does not hold.</summary>
[JsonConverter(typeof(BreakKindConverter))]
public enum BreakKind
{
    /// <summary>Redis has lost the item, or data of it. Nothing is sold until it is rebuilt.</summary>
    StockLost,

    /// <summary>allocated = available + held, in Redis.</summary>
    Counters,

    /// <summary>Allocated units are the same in Redis and PostgreSQL.</summary>
    Allocation,

    /// <summary>held = sum of the holds.</summary>
    Held,

    /// <summary>Live units of the ledger row = sum of the live order rows.</summary>
    Ledger,

    /// <summary>A hold that left the outbox has an order row, or is in quarantine.</summary>
    LostOrder,

    /// <summary>A live order has a hold.</summary>
    MissingHold,

    /// <summary>A hold is of the buyer and the units of its order.</summary>
    WrongHold,

    /// <summary>An order whose stock was returned has no hold.</summary>
    LeftoverHold,

    /// <summary>An outbox entry has a hold.</summary>
    OrphanEntry,

    /// <summary>A buyer's count and list = the buyer's holds.</summary>
    Buyer,
}

/// <summary>Writes the kinds as words with hyphens, as all codes are.</summary>
internal sealed class BreakKindConverter() : JsonStringEnumConverter<BreakKind>(JsonNamingPolicy.KebabCaseLower)
{
    /// <summary>The word of a kind.</summary>
    public static string Name(BreakKind kind) => JsonNamingPolicy.KebabCaseLower.ConvertName(kind.ToString());
}

/// <summary>A broken equation.</summary>
/// <param name="Kind">Which.</param>
/// <param name="OrderId">Of which order, where it is about one.</param>
/// <param name="UserId">Of which buyer, where it is about one.</param>
/// <param name="Expected">Units that there should be.</param>
/// <param name="Actual">Units that there are.</param>
public sealed record AuditFinding(BreakKind Kind, string? OrderId, long? UserId, long Expected, long Actual)
{
    /// <summary>For the log, which says nothing of a buyer.</summary>
    internal string Text => $"{BreakKindConverter.Name(Kind)} {OrderId} expected {Expected}, is {Actual}";

    /// <summary>What was done about it, if anything.</summary>
    public string? Repair { get; init; }
}

/// <summary>Differences of the counters in Redis, exact for the item as it was after <paramref name="Repairs"/> repairs.</summary>
internal sealed record Correction(long Repairs, int Allocated, int Available, int Held);

/// <summary>What one look at a whole item found.</summary>
/// <param name="Item">Which.</param>
/// <param name="IsConclusive">False when a rebuild began or ended meanwhile: then nothing can be said.</param>
/// <param name="Findings">Broken equations; empty when the books are balanced.</param>
/// <param name="Correction">What would make the counters right, when it is known to the unit.</param>
/// <param name="SellsTooMuch">Live orders lost their holds, and their units are for sale again: Redis lost data.</param>
internal sealed record ItemAudit(
    ItemKey Item, bool IsConclusive, IReadOnlyList<AuditFinding> Findings, Correction? Correction = null, bool SellsTooMuch = false);
