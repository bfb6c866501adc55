namespace Seckill.InventoryService.Audit;

/// <summary>The audit of a sale item.</summary>
/// <param name="Balanced">True when every equation holds, perhaps after repairs.</param>
/// <param name="Findings">Broken equations, the repaired ones first.</param>
public sealed record AuditedItemView(long SkuId, bool Balanced, IReadOnlyList<AuditFinding> Findings);

/// <summary>The audit of a sale.</summary>
/// <param name="Balanced">True when every item is balanced.</param>
/// <param name="Items">One entry for each item.</param>
public sealed record SaleAudit(long SaleId, bool Balanced, IReadOnlyList<AuditedItemView> Items);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(SaleAudit))]
internal sealed partial class AuditJson : JsonSerializerContext;
