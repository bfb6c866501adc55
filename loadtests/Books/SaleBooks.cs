using Seckill.LoadTests.Client;

namespace Seckill.LoadTests.Books;

/// <summary>Everything that the stores and the service say about a finished sale.</summary>
/// <param name="Sale">The sale as it was created.</param>
/// <param name="Rows">Every order row.</param>
/// <param name="Quarantined">Promised orders without a row that wait for an operator.</param>
/// <param name="Stock">State in Redis, one entry for each item.</param>
/// <param name="Ledger">The service's own account.</param>
public sealed record SaleBooks(
    Sale Sale,
    IReadOnlyList<OrderRow> Rows,
    IReadOnlySet<string> Quarantined,
    IReadOnlyList<ItemStock> Stock,
    IReadOnlyList<LedgerItem> Ledger)
{
    /// <summary>Reads all three sources. Consistent only when the sale is drained.</summary>
    /// <param name="sale">The sale.</param>
    /// <param name="promised">Ids of the orders that buyers were promised.</param>
    /// <param name="orders">PostgreSQL.</param>
    /// <param name="stock">Redis.</param>
    /// <param name="ops">InventoryService.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    public static async Task<SaleBooks> ReadAsync(
        Sale sale,
        IReadOnlyCollection<string> promised,
        OrderBooks orders,
        StockBooks stock,
        OpsClient ops,
        CancellationToken cancellationToken)
    {
        var rows = await orders.ReadAsync(sale.SaleId, cancellationToken);
        var missing = promised.Except(rows.Select(row => row.OrderId), StringComparer.Ordinal).ToArray();
        var quarantined = await orders.QuarantinedAsync(missing, cancellationToken);
        var items = new List<ItemStock>();
        foreach (var item in sale.Items)
        {
            items.Add(await stock.ReadAsync(sale, item, cancellationToken));
        }

        return new SaleBooks(sale, rows, quarantined, items, await ops.LedgerAsync(sale.SaleId, cancellationToken));
    }

    /// <summary>Everything that is wrong, compared with the client's log.</summary>
    public IReadOnlyList<Violation> Audit(IReadOnlyCollection<OrderAttempt> log)
    {
        var promisedUnits = PromiseAudit.Promises(log).Values.ToLookup(promise => promise.SkuId, promise => (long)promise.Answer.Units);
        var rows = Rows.ToLookup(row => row.SkuId);
        return
        [
            .. AnswerAudit.Check(log),
            .. PromiseAudit.Check(log, Rows, Quarantined),
            .. Sale.Items.Zip(Stock).SelectMany(pair => StockAudit.Check(
                pair.First,
                promisedUnits[pair.First.SkuId].Sum(),
                [.. rows[pair.First.SkuId]],
                pair.Second,
                Ledger.FirstOrDefault(entry => entry.SkuId == pair.First.SkuId))),
        ];
    }
}
