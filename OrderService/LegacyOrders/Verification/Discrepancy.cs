using Seckill.OrderService.LegacyOrders.Database;

namespace Seckill.OrderService.LegacyOrders.Verification;

/// <summary>A recorded difference between an order and the legacy database.</summary>
/// <param name="Id">Names it for a repair.</param>
/// <param name="OrderId">Also the legacy <c>order_sn</c>.</param>
/// <param name="Class">How they disagree.</param>
/// <param name="Field">Column of the legacy table; empty where the whole row is meant.</param>
/// <param name="Expected">What the order says.</param>
/// <param name="Actual">What the legacy row says, or why the legacy database refused it.</param>
/// <param name="FoundAt">UTC.</param>
/// <param name="ResolvedAt">UTC; null while it is open.</param>
public sealed record Discrepancy(
    long Id, string OrderId, DiscrepancyClass Class, string Field,
    [property: JsonPropertyName("ours")] string? Expected, [property: JsonPropertyName("theirs")] string? Actual,
    DateTimeOffset FoundAt, DateTimeOffset? ResolvedAt);
