using System.Text.Json;
using System.Text.Json.Serialization;
using Seckill.Shared.Hosting;

namespace Seckill.InventoryService.Reconciliation;

/// <summary>The outbox of one sale item.</summary>
/// <param name="SaleId">The sale.</param>
/// <param name="SkuId">The SKU.</param>
/// <param name="Depth">Orders reserved and not yet known to be in PostgreSQL.</param>
/// <param name="OldestSeconds">Age of the oldest among the thousand that are due first; 0 when there is none.</param>
public sealed record OutboxView(long SaleId, long SkuId, long Depth, double OldestSeconds);

/// <summary>An order that could not be persisted.</summary>
/// <param name="OrderId">32 hex digits.</param>
/// <param name="SaleId">The sale.</param>
/// <param name="SkuId">The SKU.</param>
/// <param name="UserId">The buyer.</param>
/// <param name="Quantity">Units.</param>
/// <param name="UnitPrice">Minor units of <paramref name="Currency"/>.</param>
/// <param name="Currency">ISO 4217 code.</param>
/// <param name="ReservedAt">UTC.</param>
/// <param name="Error">What PostgreSQL said.</param>
/// <param name="QuarantinedAt">UTC.</param>
public sealed record QuarantinedOrder(
    string OrderId, long SaleId, long SkuId, long UserId, int Quantity, long UnitPrice, string Currency,
    DateTimeOffset ReservedAt, string Error, DateTimeOffset QuarantinedAt);

/// <summary>Money that must go back.</summary>
/// <param name="PaymentId">The provider's id.</param>
/// <param name="OrderId">What it was paid for.</param>
/// <param name="Amount">Minor units of <paramref name="Currency"/>.</param>
/// <param name="Currency">ISO 4217 code.</param>
/// <param name="Reason">
/// <c>unknown-order</c>, <c>wrong-amount</c>, <c>already-paid</c>, <c>cancelled</c>, <c>expired</c> or <c>rejected</c>.
/// </param>
/// <param name="CreatedAt">UTC.</param>
public sealed record Refund(string PaymentId, string OrderId, long Amount, string Currency, string Reason, DateTimeOffset CreatedAt);

/// <summary>JSON of the reconciliation endpoints, generated at compile time.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, Converters = [typeof(UtcTimeConverter)])]
[JsonSerializable(typeof(IReadOnlyList<OutboxView>))]
[JsonSerializable(typeof(IReadOnlyList<QuarantinedOrder>))]
[JsonSerializable(typeof(IReadOnlyList<Refund>))]
internal sealed partial class ReconciliationJson : JsonSerializerContext;
