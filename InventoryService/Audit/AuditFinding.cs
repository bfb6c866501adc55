namespace Seckill.InventoryService.Audit;

/// <summary>A kind of equation that can be broken.</summary>
[JsonConverter(typeof(BreakKindConverter))]
public enum BreakKind
{
    /// <summary>Redis has lost the item or data of it. The item sells nothing until it is rebuilt.</summary>
    StockLost,
    /// <summary>allocated = available + held, in Redis.</summary>
    Counters,
    /// <summary>Allocated units are the same in Redis and PostgreSQL.</summary>
    Allocation,
    /// <summary>Held units in Redis = live units in PostgreSQL and those on their way between the two.</summary>
    Conservation,
    /// <summary>held = sum of the holds.</summary>
    Held,
    /// <summary>Live, paid, cancelled, expired and rejected units as they are kept = their sums over the order rows.</summary>
    Ledger,
    /// <summary>A hold that left the outbox has an order row, or is in quarantine.</summary>
    LostOrder,
    /// <summary>A live order has a hold.</summary>
    MissingHold,
    /// <summary>A hold has the buyer and the units of its order.</summary>
    WrongHold,
    /// <summary>An order whose stock was returned has no hold.</summary>
    LeftoverHold,
    /// <summary>An outbox entry has a hold.</summary>
    OrphanEntry,
    /// <summary>A buyer's count and list = the buyer's holds.</summary>
    Buyer,
}

/// <summary>Which audit finds a kind.</summary>
internal static class BreakKinds
{
    /// <summary>True for the kinds that a look at the totals finds, at any number of orders.</summary>
    public static bool IsOfTotals(this BreakKind kind) =>
        kind is BreakKind.StockLost or BreakKind.Counters or BreakKind.Allocation or BreakKind.Conservation;
}

/// <summary>Writes the kinds as words with hyphens, like all codes.</summary>
internal sealed class BreakKindConverter() : JsonStringEnumConverter<BreakKind>(JsonNamingPolicy.KebabCaseLower)
{
    /// <summary>The word of a kind.</summary>
    public static string Name(BreakKind kind) => JsonNamingPolicy.KebabCaseLower.ConvertName(kind.ToString());
}

/// <summary>A broken equation.</summary>
/// <param name="Kind">Kind of equation.</param>
/// <param name="OrderId">The order, if the equation is about one.</param>
/// <param name="UserId">The buyer, if the equation is about one.</param>
/// <param name="Expected">Expected units.</param>
/// <param name="Actual">Actual units.</param>
public sealed record AuditFinding(
    BreakKind Kind,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? OrderId,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? UserId,
    long Expected,
    long Actual)
{
    /// <summary>For the log, which must not identify a buyer.</summary>
    internal string Text => $"{BreakKindConverter.Name(Kind)} {OrderId} expected {Expected}, actual {Actual}";

    /// <summary>The repair, if one was made.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Repair { get; init; }
}

/// <summary>Differences of the counters in Redis, exact for the item after <paramref name="Repairs"/> repairs.</summary>
internal sealed record Correction(long Repairs, int Allocated, int Available, int Held);

/// <summary>Result of the audit of one item.</summary>
/// <param name="IsConclusive">False when a rebuild began or ended during the audit: then there is no result.</param>
/// <param name="Findings">Broken equations; empty when all hold.</param>
/// <param name="Correction">The exact correction of the counters, when it is known.</param>
/// <param name="HasLostWrites">
/// Redis lost data: live orders lost their holds and their units are for sale again, or returned orders have their holds again.
/// </param>
internal sealed record ItemAudit(
    ItemKey Item, bool IsConclusive, IReadOnlyList<AuditFinding> Findings, Correction? Correction = null, bool HasLostWrites = false);
