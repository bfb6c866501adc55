using Seckill.LoadTests.Client;

namespace Seckill.LoadTests.Books;

/// <summary>A sale as the stores and the service have it. Consistent only when the sale is drained.</summary>
/// <param name="Items">Item by item.</param>
/// <param name="Orders">Every order, those in quarantine included.</param>
public sealed record SaleState(IReadOnlyList<ItemState> Items, IReadOnlyList<OrderRow> Orders)
{
    /// <summary>Reads Redis, PostgreSQL and the service's ledger.</summary>
    /// <param name="sale">The sale; <see cref="SaleItem.Allocated"/> with what was added since.</param>
    /// <param name="orders">PostgreSQL.</param>
    /// <param name="stock">Redis.</param>
    /// <param name="ops">InventoryService; null to leave the service's own account out.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    public static async Task<SaleState> ReadAsync(
        Sale sale, OrderReader orders, StockReader stock, OpsClient? ops, CancellationToken cancellationToken)
    {
        var rows = await orders.ReadAsync(sale.SaleId, cancellationToken);
        var ledgerRows = await orders.ReadLedgerAsync(sale.SaleId, cancellationToken);
        var ledger = ops is null ? [] : await ops.LedgerAsync(sale.SaleId, cancellationToken);
        var rowsBySku = rows.ToLookup(row => row.SkuId);
        var items = new List<ItemState>();
        foreach (var item in sale.Items)
        {
            items.Add(new ItemState(
                item, [.. rowsBySku[item.SkuId]], await stock.ReadAsync(sale, item, cancellationToken),
                ledgerRows.FirstOrDefault(row => row.SkuId == item.SkuId), ledger.FirstOrDefault(entry => entry.SkuId == item.SkuId)));
        }

        return new SaleState(items, rows);
    }

    /// <summary>Every broken promise and equation, compared with the clients' log.</summary>
    /// <param name="log">Every attempt that was accepted, or whose outcome is unknown.</param>
    public IReadOnlyList<Violation> Check(IReadOnlyCollection<OrderAttempt> log)
    {
        var closed = Orders.Where(order => order.IsClosed).Select(order => order.OrderId).ToHashSet(StringComparer.Ordinal);
        // Units of closed orders are sold again, so only the other promises can exceed the stock.
        var promised = PromiseAudit.Promises(log).Values.Where(promise => !closed.Contains(promise.Answer.OrderId!))
            .ToLookup(promise => promise.SkuId, promise => (long)promise.Answer.Units);
        return [.. PromiseAudit.Check(log, Orders), .. Items.SelectMany(item => StockAudit.Check(item, promised[item.Item.SkuId].Sum()))];
    }
}
