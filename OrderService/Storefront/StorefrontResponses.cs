using System.ComponentModel.DataAnnotations;

namespace Seckill.OrderService.Storefront;

/// <summary>The answer 202: units are held for the buyer.</summary>
/// <param name="OrderId">32 hex digits.</param>
/// <param name="Status">Always <c>reserved</c>.</param>
/// <param name="Quantity">Units held.</param>
/// <param name="UnitPrice">Minor units of <paramref name="Currency"/>.</param>
/// <param name="Currency">ISO 4217 code.</param>
/// <param name="ReservedAt">UTC.</param>
/// <param name="PayBy">Pay before this, UTC.</param>
public readonly record struct OrderAccepted(
    string OrderId, [property: AllowedValues("reserved")] string Status, long SaleId, long SkuId, int Quantity, long UnitPrice,
    string Currency, DateTimeOffset ReservedAt, DateTimeOffset PayBy);

/// <summary>A ticket for the event stream of an order.</summary>
/// <param name="Ticket">Stands in the address of the stream; keep it out of logs.</param>
/// <param name="ExpiresAt">Open the stream before this, UTC.</param>
public sealed record StreamTicketView(string Ticket, DateTimeOffset ExpiresAt);

/// <summary>A sale as the public sees it.</summary>
/// <param name="Name">What people call it.</param>
/// <param name="OpensAt">Start of the window, UTC.</param>
/// <param name="ClosesAt">End of the window, UTC.</param>
/// <param name="ServerTime">The clock that decides the window, UTC: count down against this one, not the phone's.</param>
/// <param name="State">See <see cref="SaleStates"/>; at <paramref name="ServerTime"/>.</param>
/// <param name="Items">What is sold.</param>
public sealed record SaleView(
    long SaleId, string Name, DateTimeOffset OpensAt, DateTimeOffset ClosesAt, DateTimeOffset ServerTime,
    [property: AllowedValues(SaleStates.Upcoming, SaleStates.Open, SaleStates.Closed)] string State, IReadOnlyList<SaleItemView> Items);

/// <summary>An item of a sale.</summary>
/// <param name="UnitPrice">Minor units of <paramref name="Currency"/>.</param>
/// <param name="Currency">ISO 4217 code.</param>
/// <param name="LimitPerUser">Maximum number of units that a user may hold.</param>
/// <param name="SoldOut">True when no unit is for sale now; returned units may change that.</param>
public sealed record SaleItemView(long SkuId, long UnitPrice, string Currency, int LimitPerUser, bool SoldOut);

/// <summary>The open and upcoming sales, those that open first at the top.</summary>
/// <param name="ServerTime">As in <see cref="SaleView"/>.</param>
/// <param name="Sales">The sales.</param>
public sealed record SaleListView(DateTimeOffset ServerTime, IReadOnlyList<SaleSummary> Sales);

/// <summary>A sale in a list.</summary>
/// <param name="Name">What people call it.</param>
/// <param name="OpensAt">Start of the window, UTC.</param>
/// <param name="ClosesAt">End of the window, UTC.</param>
/// <param name="State"><c>upcoming</c> or <c>open</c>.</param>
/// <param name="SoldOut">True when no item has a unit for sale now; missing when that is not known.</param>
public sealed record SaleSummary(
    long SaleId, string Name, DateTimeOffset OpensAt, DateTimeOffset ClosesAt,
    [property: AllowedValues(SaleStates.Upcoming, SaleStates.Open)] string State,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] bool? SoldOut);

/// <summary>The states of a sale as the public sees it.</summary>
public static class SaleStates
{
    /// <summary>Its window has not begun.</summary>
    public const string Upcoming = "upcoming";

    /// <summary>It sells, or is sold out.</summary>
    public const string Open = "open";

    /// <summary>Its window is over, or an operator closed it.</summary>
    public const string Closed = "closed";
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false,
    MaxDepth = 8,
    Converters = [typeof(UtcTimeConverter)])]
[JsonSerializable(typeof(PlaceOrder))]
[JsonSerializable(typeof(OrderAccepted))]
[JsonSerializable(typeof(StreamTicketView))]
[JsonSerializable(typeof(ExchangedToken))]
[JsonSerializable(typeof(SaleView))]
[JsonSerializable(typeof(SaleListView))]
[JsonSerializable(typeof(QueueView))]
internal sealed partial class StorefrontJson : JsonSerializerContext;
