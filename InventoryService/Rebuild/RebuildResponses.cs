namespace Seckill.InventoryService.Rebuild;

/// <summary>A sale item that was rebuilt.</summary>
/// <param name="Epoch">Number of rebuilds so far, plus one.</param>
/// <param name="Available">Units for sale.</param>
/// <param name="Held">Units of live orders.</param>
public sealed record RebuiltItem(long SkuId, int Epoch, int Available, int Held);

/// <summary>A sale that was rebuilt.</summary>
/// <param name="Items">One entry for each item.</param>
public sealed record RebuiltSale(long SaleId, IReadOnlyList<RebuiltItem> Items);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(RebuiltSale))]
internal sealed partial class RebuildJson : JsonSerializerContext;
