using System.Diagnostics;
using Dapper;
using Seckill.LoadTests.Books;
using Seckill.LoadTests.Client;

namespace Seckill.Fuzz.Stores;

/// <summary>
/// At the end: nothing in the stores without an answer that promises it, nothing promised that is missing, and every item in balance.
/// </summary>
internal sealed class FinalAudit(LoadTarget target, StoreTrace stores, Tally tally, DateTime startedAt)
{
    private static readonly TimeSpan s_settling = TimeSpan.FromSeconds(20);

    /// <summary>What is wrong: the rule and a sentence.</summary>
    public async Task<IReadOnlyList<(string Rule, string Detail)>> CheckAsync()
    {
        var found = new List<(string, string)>();
        found.AddRange((await TracesAsync()).Select(detail => ("trace", detail)));
        found.AddRange((await SettledBooksAsync()).Select(detail => ("unbalanced", detail)));
        return found;
    }

    // A rebuild that has just ended shows as lost stock until the next audit.
    private async Task<List<string>> SettledBooksAsync()
    {
        var startedAt = Stopwatch.GetTimestamp();
        while (true)
        {
            var found = await BooksAsync();
            if (found.Count == 0 || Stopwatch.GetElapsedTime(startedAt) > s_settling)
            {
                return found;
            }

            await Task.Delay(500);
        }
    }

    private async Task<List<string>> TracesAsync()
    {
        await using var connection = await stores.Database.OpenConnectionAsync();
        var found = new List<string>();

        async Task CompareAsync(string what, string sql, IEnumerable<string> promised)
        {
            var rows = (await connection.QueryAsync<string>(sql, new { startedAt })).ToHashSet();
            var promises = promised.ToHashSet();
            found.AddRange(rows.Where(row => !promises.Contains(row) && !tally.MayHaveHappened(row.Split(' ')))
                .Select(row => $"{what} {row} exists, and no answer promised it."));
            found.AddRange(promises.Where(one => !rows.Contains(one)).Select(one => $"{what} {one} was promised, and does not exist."));
        }

        await CompareAsync(
            "sale", "select sale_id::text from sales where created_at >= @startedAt", tally.Sales.Keys.Select(id => $"{id}"));
        await CompareAsync(
            "payment", "select payment_id from payments where received_at >= @startedAt", tally.Payments.Keys);
        await CompareAsync(
            "stock change",
            """
            select concat_ws(' ', sale_id, sku_id, idempotency_key, delta) from stock_changes
            where started_at >= @startedAt and done_at is not null
              -- The units of an edited sale.
              and idempotency_key not like 'edit-%'
            """,
            tally.StockChanges.Select(change => $"{change.Key.SaleId} {change.Key.SkuId} {change.Key.Key} {change.Value}"));

        // An order that no answer named may be that of a click without an answer, for the same item.
        var orders = await connection.QueryAsync<(string Id, long SaleId, long SkuId, int Quantity)>(
            "select order_id, sale_id, sku_id, quantity from orders where placed_at >= @startedAt", new { startedAt });
        var rows = orders.ToDictionary(row => row.Id);
        found.AddRange(rows.Values
            .Where(row => !tally.Orders.ContainsKey(row.Id) && !tally.MayHaveHappened("/orders", $"{row.SaleId}", $"{row.SkuId}"))
            .Select(row => $"order {row.Id} of sale {row.SaleId} exists, and no answer promised it."));
        found.AddRange(tally.Orders.Values
            .Where(order => !rows.TryGetValue(order.OrderId, out var row)
                || row != (order.OrderId, order.SaleId, order.SkuId, order.Quantity))
            .Select(order => $"{order} was promised, and its row is missing or differs."));
        return found;
    }

    private async Task<List<string>> BooksAsync()
    {
        var found = new List<string>();
        await using var connection = await stores.Database.OpenConnectionAsync();
        var warm = await connection.QueryAsync<(long SaleId, long SkuId, long Allocated)>(
            """
            select i.sale_id, i.sku_id, i.allocated::bigint
            from sale_items i join sales s using (sale_id)
            where s.created_at >= @startedAt and i.warmed_at is not null
            """,
            new { startedAt });
        using var redis = await StockReader.ConnectAsync(target.Redis);
        await using var orders = new OrderReader(target.Orders);
        using var ops = new OpsClient(target.Inventory, target.OpsKey);
        foreach (var items in warm.GroupBy(item => item.SaleId))
        {
            if (!tally.Sales.TryGetValue(items.Key, out var created))
            {
                // Reported by the traces.
                continue;
            }

            var sale = new Sale(items.Key, "", default, default, 0, [.. items.Select(item => created.Items[item.SkuId] with
            {
                Allocated = created.Items[item.SkuId].Allocated + Added(item.SaleId, item.SkuId, item.Allocated),
            })]);
            var state = await SaleState.ReadAsync(sale, orders, redis, ops, CancellationToken.None);
            found.AddRange(state.Items.SelectMany(item => StockAudit.Check(item))
                .Select(violation => $"sale {sale.SaleId}: {violation.Detail}"));
        }

        return found;

        // A change without an answer counts when it happened.
        long Added(long saleId, long skuId, long allocated) => tally.MayHaveHappened($"/sales/{saleId}/items/{skuId}/stock")
            ? allocated - tally.Sales[saleId].Items[skuId].Allocated
            : tally.StockChanges.Where(change => (change.Key.SaleId, change.Key.SkuId) == (saleId, skuId))
                .Sum(change => (long)change.Value);
    }
}
