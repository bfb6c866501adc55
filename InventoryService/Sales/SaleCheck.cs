namespace Seckill.InventoryService.Sales;

/// <summary>
/// What is odd about a plan and no error: a dry run says it before anything is stored.
/// </summary>
internal sealed class SaleCheck(NpgsqlDataSource database, StockLedger stock, SaleCatalog catalog)
{
    private const int MostNamed = 10;

    /// <summary>One sentence each; empty when nothing is odd.</summary>
    /// <param name="plan">Checked by <see cref="CreateSaleRules"/>.</param>
    /// <param name="isNew">True for a sale that is to be created.</param>
    public async Task<IReadOnlyList<string>> LookAsync(CreateSale plan, bool isNew, CancellationToken cancellationToken)
    {
        var (warnings, now) = (new List<string>(), await catalog.NowAsync());
        if (plan.ClosesAt <= now)
        {
            warnings.Add("Its window is over: nothing can be bought.");
        }
        else if (isNew && plan.OpensAt <= now)
        {
            warnings.Add("Its window has begun: it sells from the moment at which it is opened.");
        }

        var others = await database.QueryAsync<(long SaleId, long SkuId)>(
            """
            select s.sale_id, i.sku_id
            from sales s join sale_items i using (sale_id)
            where s.sale_id <> @SaleId and s.state <> 'closed' and i.sku_id = any(@skus)
              and s.opens_at < @closes and s.closes_at > @opens
            order by 1, 2
            limit @MostNamed
            """,
            new
            {
                plan.SaleId, skus = plan.Items!.Select(item => item!.SkuId!.Value).ToArray(), opens = plan.OpensAt!.Value.UtcDateTime,
                closes = plan.ClosesAt!.Value.UtcDateTime, MostNamed,
            },
            cancellationToken);
        warnings.AddRange(others.Select(other => $"Sale {other.SaleId} sells SKU {other.SkuId} at the same time."));
        if (isNew)
        {
            var keys = plan.Items!.Select(item => new ItemKeys(new ItemKey(plan.SaleId!.Value, item!.SkuId!.Value))).ToList();
            var found = await Task.WhenAll(keys.Select(stock.InspectAsync));
            warnings.AddRange(keys.Where((_, i) => found[i] is not null).Take(MostNamed)
                .Select(key => $"Redis has stock of SKU {key.Item.SkuId} of an earlier sale with this id: opening is refused."));
        }

        return warnings;
    }
}
