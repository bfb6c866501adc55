using Seckill.InventoryService.Audit;
using Seckill.InventoryService.Sales;

namespace Seckill.InventoryService.Ledger;

/// <summary>Computes the ledger of a sale from Redis and PostgreSQL.</summary>
internal sealed class LedgerReader(NpgsqlDataSource database, SaleStore sales, StockLedger stock, AuditResults audits)
{
    private const int Tries = 5;

    /// <summary>The ledger, or null when there is no such sale.</summary>
    public async Task<SaleLedger?> ReadAsync(long saleId, CancellationToken cancellationToken)
    {
        if (await sales.FindAsync(saleId, cancellationToken) is not { } sale)
        {
            return null;
        }

        var items = await Task.WhenAll(sale.Items.Select(item => ReadItemAsync(saleId, item.SkuId, cancellationToken)));
        // The sums at this moment, and the findings of the last audit, order by order.
        items = [.. items.Select(item => item with { Balanced = item.Balanced && audits.IsBalanced(new ItemKey(saleId, item.SkuId)) })];
        return new SaleLedger(saleId, items.All(item => item.Balanced), items);
    }

    /// <summary>The two stores cannot be read at one instant, so an imbalance counts only if it persists.</summary>
    private async Task<LedgerItem> ReadItemAsync(long saleId, long skuId, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var item = await ReadOnceAsync(new ItemKey(saleId, skuId), cancellationToken);
            if (item.Balanced || attempt == Tries)
            {
                return item;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20 * attempt), cancellationToken);
        }
    }

    private async Task<LedgerItem> ReadOnceAsync(ItemKey item, CancellationToken cancellationToken)
    {
        var before = await ReadRowsAsync(item, cancellationToken);
        var redis = await stock.InspectAsync(new ItemKeys(item));
        var (allocated, live, placed, paid, returned, rejected, returning, quarantined) = await ReadRowsAsync(item, cancellationToken);
        if (redis is null)
        {
            // Before its first opening, all stock of an item is in the plan.
            return new LedgerItem(item.SkuId, allocated, allocated, 0, placed, paid, returned, rejected, live == 0);
        }

        // Units of a closed order count as reserved until their return, a moment later.
        var reserved = redis.Held - placed - paid;
        var balanced = before.Live == live
            && live == placed + paid
            && reserved >= returning + quarantined
            && (reserved == returning + quarantined || redis.OutboxDepth > 0)
            && redis.Allocated == allocated
            && allocated == redis.Available + redis.Held;
        return new LedgerItem(item.SkuId, allocated, redis.Available, reserved, placed, paid, returned, rejected, balanced);
    }

    private async Task<Rows> ReadRowsAsync(ItemKey item, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleAsync<Rows>(new CommandDefinition(
            """
            select i.allocated, i.live,
              coalesce(sum(o.quantity) filter (where o.status = 'placed'), 0) as placed,
              coalesce(sum(o.quantity) filter (where o.status = 'paid'), 0) as paid,
              coalesce(sum(o.quantity) filter (where o.status in ('cancelled', 'expired')), 0) as returned,
              coalesce(sum(o.quantity) filter (where o.status = 'rejected'), 0) as rejected,
              coalesce(sum(o.quantity) filter (where r.order_id is not null), 0) as returning,
              (select coalesce(sum(q.quantity), 0) from quarantined_orders q
               where q.sale_id = @SaleId and q.sku_id = @SkuId
                 and not exists (select from orders known where known.order_id = q.order_id)) as quarantined
            from sale_items i
            left join orders_of(i) o on true
            left join stock_returns r on r.order_id = o.order_id and r.returned_at is null
            where i.sale_id = @SaleId and i.sku_id = @SkuId
            group by i.allocated, i.live
            """,
            new { item.SaleId, item.SkuId },
            cancellationToken: cancellationToken));
    }

    private sealed record Rows(
        int Allocated, int Live, long Placed, long Paid, long Returned, long Rejected, long Returning, long Quarantined);
}
