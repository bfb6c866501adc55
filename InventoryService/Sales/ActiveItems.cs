namespace Seckill.InventoryService.Sales;

/// <summary>
/// The items of the catalog that can still change: all but those that PostgreSQL has at rest, as it was a second ago. While PostgreSQL is
/// down the last answer holds, because an item comes to rest and wakes only there. Before the first answer every item is active.
/// </summary>
internal sealed class ActiveItems(NpgsqlDataSource database, SaleCatalog catalog, TimeProvider clock) : PeriodicService(clock)
{
    private volatile IReadOnlySet<ItemKey> _resting = new HashSet<ItemKey>();

    /// <summary>Asks Redis alone. Throws as <see cref="SaleCatalog"/> does.</summary>
    public async Task<IReadOnlyList<ItemKey>> ListAsync()
    {
        var resting = _resting;
        return [.. (await catalog.ItemsAsync()).Where(item => !resting.Contains(item))];
    }

    protected override TimeSpan Interval => TimeSpan.FromSeconds(1);
    protected override bool StartsAtOnce => true;

    protected override async Task RunRoundAsync(CancellationToken stoppingToken) =>
        _resting = (await database.QueryAsync<(long SaleId, long SkuId)>(
                "select sale_id, sku_id from sale_items where rested_at is not null", null, stoppingToken))
            .Select(item => new ItemKey(item.SaleId, item.SkuId)).ToHashSet();
}
