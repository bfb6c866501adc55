namespace Seckill.InventoryService.Audit;

/// <summary>
/// (11) Puts items to rest whose sale has ended and of which nothing can change: no round looks at them until something does. PostgreSQL
/// decides and remembers (<c>rest_item</c> in 017_items_at_rest.sql), and its triggers wake an item. docs/decisions/0041 has the reasons.
/// </summary>
internal sealed class ItemRest(NpgsqlDataSource database, AuditRows rows, StockLedger stock)
{
    // A window that has ended begins again when the clock of Redis is set back; a sale that is closed stays closed.
    private static readonly TimeSpan s_clockError = TimeSpan.FromMinutes(10);

    /// <summary>The item, if Redis sells nothing of it any more and has nothing of it on its way; else null.</summary>
    public async Task<ItemSnapshot?> FindStillAsync(AuditedItem item) =>
        await stock.InspectAsync(item.Keys) is { OutboxDepth: 0 } now
        && (now.State == ItemState.Closed || (now.State == ItemState.Open && now.Now - s_clockError >= now.ClosesAt))
        && now.HasTermsOf(item.Plan) && now.Allocated == now.Available + now.Held
            ? now with { Now = default } : null;

    /// <summary>Puts an item to rest whose audit found nothing, if nothing of it has changed since.</summary>
    /// <param name="item">The item.</param>
    /// <param name="before">From <see cref="FindStillAsync"/>, before the audit began.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>False when it cannot rest yet.</returns>
    public async Task<bool> TryRestAsync(AuditedItem item, ItemSnapshot before, CancellationToken cancellationToken) =>
        await FindStillAsync(item) == before
        && await database.SingleAsync<bool>(
            "select rest_item(@SaleId, @SkuId, @state, @StateVersion, @Epoch, @Allocated, @Held)",
            new
            {
                item.SaleId, item.SkuId, state = before.State.Text(), before.StateVersion, before.Epoch, before.Allocated, before.Held,
            },
            cancellationToken);

    /// <summary>Looks at the item that was not looked at for longest among those at rest, and wakes it if it is not as it was.</summary>
    /// <returns>The item that was woken, or null.</returns>
    public async Task<ItemKey?> LookAtOneAsync(CancellationToken cancellationToken)
    {
        if (await rows.FindRestingAsync(cancellationToken) is not { } item
            || (await FindStillAsync(item) is { } still && await TryRestAsync(item, still, cancellationToken)))
        {
            return null;
        }

        await WakeAsync(item.SaleId, item.SkuId, cancellationToken);
        return item.Key;
    }

    /// <summary>Wakes the items of a sale, or one of them.</summary>
    public Task WakeAsync(long saleId, long? skuId, CancellationToken cancellationToken) =>
        database.ExecuteAsync(
            """
            update sale_items set rested_at = null
            where sale_id = @saleId and (@skuId::bigint is null or sku_id = @skuId) and rested_at is not null
            """,
            new { saleId, skuId }, cancellationToken);
}
