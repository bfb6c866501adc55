using System.ComponentModel.DataAnnotations;
using Seckill.InventoryService.Sales;

namespace Seckill.InventoryService.Editing;

/// <summary>Changes of a sale. What is absent stays as it is.</summary>
/// <param name="Name">1 to 200 characters.</param>
/// <param name="OpensAt">Start of the window, with an offset.</param>
/// <param name="ClosesAt">End of the window.</param>
/// <param name="PaymentTimeoutSeconds">How long an order waits for its payment, 1 to 604,800 (a week).</param>
/// <param name="Items">Changes of items that the sale has.</param>
public sealed record EditSale(
    [property: StringLength(200, MinimumLength = 1)] string? Name = null, DateTimeOffset? OpensAt = null, DateTimeOffset? ClosesAt = null,
    [property: Range(1, 604_800)] int? PaymentTimeoutSeconds = null, IReadOnlyList<EditSaleItem?>? Items = null)
{
    /// <summary>The whole plan as it would be, or the item that the sale does not have.</summary>
    internal (CreateSale Plan, string? UnknownItem) ApplyTo(SaleDetails sale)
    {
        for (var i = 0; i < Items?.Count; i++)
        {
            if (!sale.Items.Any(item => item.SkuId == Items[i]?.SkuId) || Items.Count(one => one?.SkuId == Items[i]?.SkuId) > 1)
            {
                return (null!, $"items[{i}].skuId");
            }
        }

        return (new CreateSale(
            sale.SaleId, Name ?? sale.Name, OpensAt ?? sale.OpensAt, ClosesAt ?? sale.ClosesAt,
            PaymentTimeoutSeconds ?? sale.PaymentTimeoutSeconds,
            [
                .. sale.Items.Select(item => Items?.FirstOrDefault(one => one?.SkuId == item.SkuId) is { } edit
                    ? new CreateSaleItem(
                        item.SkuId, edit.Allocated ?? item.Allocated, edit.LimitPerUser ?? item.LimitPerUser,
                        edit.UnitPrice ?? item.UnitPrice, edit.Currency ?? item.Currency, edit.OrdersPerUser ?? item.OrdersPerUser,
                        edit.CoolDownSeconds ?? item.CoolDownSeconds)
                    : new CreateSaleItem(
                        item.SkuId, item.Allocated, item.LimitPerUser, item.UnitPrice, item.Currency, item.OrdersPerUser,
                        item.CoolDownSeconds)),
            ]), null);
    }
}

/// <summary>Changes of an item.</summary>
/// <param name="SkuId">Which.</param>
/// <param name="Allocated">Units for this sale, 0 to 1,000,000,000. In an opened sale the difference is added or withdrawn.</param>
/// <param name="LimitPerUser">Most units that a user may hold, 1 to 100.</param>
/// <param name="UnitPrice">Minor units of <paramref name="Currency"/>, at least 1.</param>
/// <param name="Currency">ISO 4217 code, three capital letters.</param>
/// <param name="OrdersPerUser">
/// Most orders that a user may ever make of the item, cancelled and expired ones included, 1 to 1,000; 0 for any number.
/// </param>
/// <param name="CoolDownSeconds">
/// How long after an order was cancelled or expired its user may not order the item again, 1 to 86,400 (a day); 0 for no time.
/// </param>
public sealed record EditSaleItem(
    [property: AtLeast(1)] long? SkuId, [property: Range(0, CreateSaleRules.MostUnits)] int? Allocated = null,
    [property: Range(1, CreateSaleRules.MostPerUser)] int? LimitPerUser = null, [property: AtLeast(1)] long? UnitPrice = null,
    [property: RegularExpression("^[A-Z]{3}$")] string? Currency = null,
    [property: Range(0, CreateSaleRules.MostOrdersPerUser)] int? OrdersPerUser = null,
    [property: Range(0, CreateSaleRules.LongestCoolDownSeconds)] int? CoolDownSeconds = null);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false,
    MaxDepth = 8,
    Converters = [typeof(UtcTimeConverter)])]
[JsonSerializable(typeof(EditSale))]
internal sealed partial class EditJson : JsonSerializerContext;
