using Seckill.LoadTests.Client;

namespace Seckill.LoadTests.Books;

/// <summary>Everything that the stores and the service say about a finished sale.</summary>
/// <param name="Sale">The sale as it was created.</param>
/// <param name="Rows">Every order, those in quarantine included.</param>
/// <param name="Stock">State in Redis, one entry for each item.</param>
/// <param name="Ledger">The service's own account; empty when it could not be read.</param>
/// <param name="LedgerProblem">Why it could not be read.</param>
public sealed record SaleBooks(
    Sale Sale,
    IReadOnlyList<OrderRow> Rows,
    IReadOnlyList<ItemStock> Stock,
    IReadOnlyList<LedgerItem> Ledger,
    string? LedgerProblem)
{
    /// <summary>Reads all three sources. Consistent only when the sale is drained.</summary>
    /// <param name="sale">The sale.</param>
    /// <param name="orders">PostgreSQL.</param>
    /// <param name="stock">Redis.</param>
    /// <param name="ops">InventoryService.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    public static async Task<SaleBooks> ReadAsync(
        Sale sale, OrderBooks orders, StockBooks stock, OpsClient ops, CancellationToken cancellationToken)
    {
        var rows = await orders.ReadAsync(sale.SaleId, cancellationToken);
        var items = new List<ItemStock>();
        foreach (var item in sale.Items)
        {
            items.Add(await stock.ReadAsync(sale, item, cancellationToken));
        }

        try
        {
            return new SaleBooks(sale, rows, items, await ops.LedgerAsync(sale.SaleId, cancellationToken), null);
        }
        catch (HttpRequestException error)
        {
            // The other two books are worth reading all the same.
            return new SaleBooks(sale, rows, items, [], error.Message);
        }
    }

    /// <summary>Everything that is wrong, compared with the client's log.</summary>
    public IReadOnlyList<Violation> Audit(IReadOnlyCollection<OrderAttempt> log)
    {
        var promisedUnits = PromiseAudit.Promises(log).Values.ToLookup(promise => promise.SkuId, promise => (long)promise.Answer.Units);
        var rows = Rows.ToLookup(row => row.SkuId);
        return
        [
            .. AnswerAudit.Check(log),
            .. PromiseAudit.Check(log, Rows),
            .. LedgerProblem is null ? Array.Empty<Violation>() : [new Violation(ViolationKind.Unbalanced, LedgerProblem)],
            .. Sale.Items.Zip(Stock).SelectMany(pair => StockAudit.Check(
                pair.First,
                promisedUnits[pair.First.SkuId].Sum(),
                [.. rows[pair.First.SkuId]],
                pair.Second,
                Ledger.FirstOrDefault(entry => entry.SkuId == pair.First.SkuId))),
        ];
    }
}
