using System.ComponentModel.DataAnnotations;

namespace Seckill.InventoryService.Sales;

/// <summary>A sale to create.</summary>
/// <remarks>Nullable, so that what is missing can be named.</remarks>
/// <param name="SaleId">Positive, chosen by the caller.</param>
/// <param name="Name">1 to 200 characters.</param>
/// <param name="OpensAt">Start of the window, with an offset.</param>
/// <param name="ClosesAt">End of the window, at least a millisecond after its start.</param>
/// <param name="PaymentTimeoutSeconds">How long an order waits for its payment, 1 to 604,800 (a week).</param>
/// <param name="Items">1 to 1,000, each SKU once.</param>
/// <param name="WaitingRoom">A fair queue before the sale; without it, buyers order directly.</param>
public sealed record CreateSale(
    [property: AtLeast(1)] long? SaleId, [property: StringLength(200, MinimumLength = 1)] string? Name, DateTimeOffset? OpensAt,
    DateTimeOffset? ClosesAt, [property: Range(1, 604_800)] int? PaymentTimeoutSeconds,
    [property: Length(1, 1_000)] IReadOnlyList<CreateSaleItem?>? Items, CreateWaitingRoom? WaitingRoom = null)
{
    /// <summary>The sale as it would be, for a dry run.</summary>
    internal SaleDetails Preview(SaleState state, IReadOnlyList<string> warnings) => new(
        SaleId!.Value, Name!.Trim(), OpensAt!.Value, ClosesAt!.Value, PaymentTimeoutSeconds!.Value, state,
        [
            .. Items!.Select(item => new SaleItemDetails(
                item!.SkuId!.Value, item.Allocated!.Value, item.LimitPerUser!.Value, item.UnitPrice!.Value, item.Currency!,
                SaleItemDetails.Given(item.OrdersPerUser), SaleItemDetails.Given(item.CoolDownSeconds))),
        ])
    {
        Warnings = warnings,
    };
}

/// <summary>An item of it.</summary>
/// <param name="SkuId">Positive.</param>
/// <param name="Allocated">Units for this sale, 0 to 1,000,000,000.</param>
/// <param name="LimitPerUser">Most units that a user may hold, 1 to 100.</param>
/// <param name="UnitPrice">Minor units of <paramref name="Currency"/>, at least 1; a whole order must fit 64 bits.</param>
/// <param name="Currency">ISO 4217 code, three capital letters.</param>
/// <param name="OrdersPerUser">
/// Most orders that a user may ever make of the item, cancelled and expired ones included, 1 to 1,000; 0, any number, by default.
/// </param>
/// <param name="CoolDownSeconds">
/// How long after an order was cancelled or expired its user may not order the item again, 1 to 86,400 (a day); 0, no time, by default.
/// </param>
public sealed record CreateSaleItem(
    [property: AtLeast(1)] long? SkuId, [property: Range(0, CreateSaleRules.MostUnits)] int? Allocated,
    [property: Range(1, CreateSaleRules.MostPerUser)] int? LimitPerUser, [property: AtLeast(1)] long? UnitPrice,
    [property: RegularExpression("^[A-Z]{3}$")] string? Currency,
    [property: Range(0, CreateSaleRules.MostOrdersPerUser)] int? OrdersPerUser = null,
    [property: Range(0, CreateSaleRules.LongestCoolDownSeconds)] int? CoolDownSeconds = null);

/// <summary>A sale as ops see it.</summary>
/// <param name="Name">What people call it.</param>
/// <param name="OpensAt">Start of the window, UTC.</param>
/// <param name="ClosesAt">End of the window, UTC.</param>
/// <param name="PaymentTimeoutSeconds">How long an order waits for its payment.</param>
/// <param name="State">Of the sale.</param>
/// <param name="Items">In the order in which they were given.</param>
/// <param name="WaitingRoom">Absent when the sale has none.</param>
public sealed record SaleDetails(
    long SaleId, string Name, DateTimeOffset OpensAt, DateTimeOffset ClosesAt, int PaymentTimeoutSeconds, SaleState State,
    IReadOnlyList<SaleItemDetails> Items,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] WaitingRoomDetails? WaitingRoom = null)
{
    /// <summary>When it was archived, UTC; absent before.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTimeOffset? ArchivedAt { get; init; }

    /// <summary>In the answer to a dry run: what is odd about the plan and would not be refused, one sentence each. Else absent.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Warnings { get; init; }
}

/// <summary>An item of it.</summary>
/// <param name="Allocated">Units for this sale.</param>
/// <param name="LimitPerUser">Most units that a user may hold.</param>
/// <param name="UnitPrice">Minor units of <paramref name="Currency"/>.</param>
/// <param name="Currency">ISO 4217 code.</param>
/// <param name="OrdersPerUser">Most orders that a user may ever make; absent for any number.</param>
/// <param name="CoolDownSeconds">How long a user waits after an order was cancelled or expired; absent for no time.</param>
public sealed record SaleItemDetails(
    long SkuId, int Allocated, int LimitPerUser, long UnitPrice, string Currency,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? OrdersPerUser = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? CoolDownSeconds = null)
{
    /// <summary>A term that may be absent: 0 is as good as none.</summary>
    internal static int? Given(int? term) => term is 0 ? null : term;

    /// <summary>First digits of the item's order ids.</summary>
    [JsonIgnore]
    public int ItemNumber { get; init; }

    /// <summary>True when the item was warm once: its stock is in Redis, or Redis has lost it.</summary>
    [JsonIgnore]
    public bool WasWarm { get; init; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false,
    MaxDepth = 8,
    Converters = [typeof(UtcTimeConverter)])]
[JsonSerializable(typeof(CreateSale))]
[JsonSerializable(typeof(SaleDetails))]
[JsonSerializable(typeof(IReadOnlyList<SaleDetails>))]
internal sealed partial class OpsJson : JsonSerializerContext;
