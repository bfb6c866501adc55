namespace Seckill.LoadTests.Client;

/// <summary>The answer of <c>GET /sales/{id}/ledger</c>.</summary>
public sealed record Ledger(IReadOnlyList<LedgerItem> Items);

/// <summary>One item of the ledger; all counts are units.</summary>
/// <param name="SkuId">The item.</param>
/// <param name="Allocated">Units for sale.</param>
/// <param name="Available">Units that can still be reserved.</param>
/// <param name="Reserved">Units promised and not yet in PostgreSQL.</param>
/// <param name="Placed">Units of orders that wait for payment.</param>
/// <param name="Paid">Units of paid orders.</param>
/// <param name="Returned">Units of cancelled and expired orders.</param>
/// <param name="Rejected">Units promised beyond the allocation.</param>
/// <param name="Balanced">The service's own verdict; null when it does not know.</param>
public sealed record LedgerItem(
    long SkuId,
    long Allocated,
    long Available,
    long Reserved,
    long Placed,
    long Paid,
    long Returned,
    long Rejected,
    bool? Balanced);

/// <summary>An entry of <c>GET /refunds</c>.</summary>
public sealed record Refund(string PaymentId);

/// <summary>An entry of <c>GET /outbox</c>: orders that wait to be persisted.</summary>
public sealed record OutboxItem(long SaleId, long SkuId, long Depth);

/// <summary>An entry of <c>GET /quarantine</c>.</summary>
public sealed record Quarantined(string OrderId, long SaleId, int Quantity);

/// <summary>The answer of <c>POST /sales/{id}/audit</c>: the service's own comparison of Redis with PostgreSQL, order by order.</summary>
public sealed record ServiceAudit(bool Balanced, IReadOnlyList<ServiceAuditItem> Items);

/// <summary>One item of it.</summary>
public sealed record ServiceAuditItem(long SkuId, bool Balanced, IReadOnlyList<System.Text.Json.JsonElement> Findings);

/// <summary>The body of <c>POST /sales/{id}/items/{skuId}/stock</c>.</summary>
public sealed record StockChange(int Delta);
