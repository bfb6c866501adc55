using System.Text.Json;
using System.Text.Json.Serialization;

namespace Seckill.InventoryService.Reconciliation;

/// <summary>The books of a sale item.</summary>
/// <param name="SkuId">The SKU.</param>
/// <param name="Balanced">True when nothing is broken, or everything is repaired.</param>
/// <param name="Findings">Broken equations, those first that were repaired.</param>
public sealed record AuditedItemView(long SkuId, bool Balanced, IReadOnlyList<AuditFinding> Findings);

/// <summary>The books of a sale.</summary>
/// <param name="SaleId">The sale.</param>
/// <param name="Balanced">True when every item is balanced.</param>
/// <param name="Items">One entry for each item.</param>
public sealed record SaleAudit(long SaleId, bool Balanced, IReadOnlyList<AuditedItemView> Items);

/// <summary>A sale item that was rebuilt.</summary>
/// <param name="SkuId">The SKU.</param>
/// <param name="Epoch">Rebuilds so far, and one.</param>
/// <param name="Available">Units for sale.</param>
/// <param name="Held">Units of live orders.</param>
public sealed record RebuiltItem(long SkuId, int Epoch, int Available, int Held);

/// <summary>A sale that was rebuilt.</summary>
/// <param name="SaleId">The sale.</param>
/// <param name="Items">One entry for each item.</param>
public sealed record RebuiltSale(long SaleId, IReadOnlyList<RebuiltItem> Items);

/// <summary>JSON of audit and rebuild, generated at compile time.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(SaleAudit))]
[JsonSerializable(typeof(RebuiltSale))]
internal sealed partial class BooksJson : JsonSerializerContext;
