namespace Seckill.InventoryService.Sales;

/// <summary>The outcome of opening or closing a sale.</summary>
internal enum OpeningOutcome
{
    /// <summary>The sale has the state that was requested.</summary>
    Done,
    /// <summary>No such sale.</summary>
    UnknownSale,
    /// <summary>Redis has lost the stock of an item that was warm: it cannot be taken from the plan again.</summary>
    StockLost,
    /// <summary>Redis has an item of this name with other terms, left by an earlier sale.</summary>
    StockDiffers,
    /// <summary>A sale that was never opened cannot be closed.</summary>
    NeverOpened,
    /// <summary>A later call changed the state meanwhile; what it asked for holds.</summary>
    Superseded,
}

/// <summary>
/// Opens sales (puts their stock into Redis) and closes them. PostgreSQL decides which of two calls is the later one: it counts the
/// changes of a sale's state, and Redis refuses a call with an older count, however late it arrives. Both may be repeated, also after a
/// crash at any line: the loss watch finishes what a dead process left half done.
/// </summary>
internal sealed class SaleOpening(SaleStore sales, StockLedger stock, SaleCatalog catalog)
{
    private static readonly ParallelOptions s_several = new() { MaxDegreeOfParallelism = 16 };

    /// <summary>Called after PostgreSQL has the new state and before Redis has it: where a test stops the call, or kills it.</summary>
    internal Func<Task> BeforeRedis { get; init; } = () => Task.CompletedTask;

    public async Task<OpeningOutcome> OpenAsync(long saleId, CancellationToken cancellationToken)
    {
        if (await sales.FindAsync(saleId, cancellationToken) is not { } sale)
        {
            return OpeningOutcome.UnknownSale;
        }

        var inRedis = await Task.WhenAll(sale.Items.Select(item => stock.InspectAsync(KeysOf(sale, item))));
        foreach (var (item, now) in sale.Items.Zip(inRedis))
        {
            if (item.WasWarm && now is null or { State: ItemState.Lost })
            {
                return OpeningOutcome.StockLost;
            }

            if (now is not null && !HasTerms(now, Fresh(sale, item, 0)))
            {
                return OpeningOutcome.StockDiffers;
            }
        }

        var version = await sales.SetStateAsync(saleId, "open", cancellationToken);
        await BeforeRedis();
        foreach (var item in sale.Items)
        {
            // The number first: an order can be placed as soon as the item is warm, and must be found by its number.
            await catalog.AddNumberAsync(OrderId.Number(item.ItemNumber), new ItemKey(sale.SaleId, item.SkuId));
        }

        await catalog.AddSaleAsync(new OpenedSale(sale.SaleId, sale.Name, [.. sale.Items.Select(item => item.SkuId)]));
        var outcome = OpeningOutcome.Done;
        await Parallel.ForEachAsync(sale.Items, s_several, async (item, _) =>
        {
            switch (await stock.WarmAsync(KeysOf(sale, item), Fresh(sale, item, version)))
            {
                case WarmOutcome.Stale: outcome = OpeningOutcome.Superseded; break;
                case WarmOutcome.Differs: outcome = OpeningOutcome.StockDiffers; break;
                default: await sales.MarkWarmAsync(sale.SaleId, item.SkuId, cancellationToken); break;
            }
        });
        return await IsLatestAsync(outcome, saleId, version, cancellationToken);
    }

    public async Task<OpeningOutcome> CloseAsync(long saleId, CancellationToken cancellationToken)
    {
        if (await sales.FindAsync(saleId, cancellationToken) is not { } sale)
        {
            return OpeningOutcome.UnknownSale;
        }

        if (sale.State == "created" && !sale.Items.Any(item => item.WasWarm))
        {
            return OpeningOutcome.NeverOpened;
        }

        var version = await sales.SetStateAsync(saleId, "closed", cancellationToken);
        await BeforeRedis();
        var outcome = OpeningOutcome.Done;
        await Parallel.ForEachAsync(sale.Items, s_several, async (item, _) =>
        {
            if (await stock.CloseAsync(KeysOf(sale, item), version) == CloseOutcome.Stale)
            {
                outcome = OpeningOutcome.Superseded;
            }
        });
        return await IsLatestAsync(outcome, saleId, version, cancellationToken);
    }

    private async Task<OpeningOutcome> IsLatestAsync(
        OpeningOutcome outcome, long saleId, long version, CancellationToken cancellationToken) =>
        outcome == OpeningOutcome.Done && !await sales.HasVersionAsync(saleId, version, cancellationToken)
            ? OpeningOutcome.Superseded : outcome;

    private static ItemKeys KeysOf(SaleDetails sale, SaleItemDetails item) => new(new ItemKey(sale.SaleId, item.SkuId));

    // Compared in the milliseconds of Redis.
    private static bool HasTerms(ItemSnapshot now, ItemSnapshot planned) =>
        (now.Number, now.UnitPrice, now.Currency, now.LimitPerUser, now.PaymentTimeoutSeconds)
            == (planned.Number, planned.UnitPrice, planned.Currency, planned.LimitPerUser, planned.PaymentTimeoutSeconds)
        && now.OpensAt.ToUnixTimeMilliseconds() == planned.OpensAt.ToUnixTimeMilliseconds()
        && now.ClosesAt.ToUnixTimeMilliseconds() == planned.ClosesAt.ToUnixTimeMilliseconds();

    private static ItemSnapshot Fresh(SaleDetails sale, SaleItemDetails item, long version) => new(
        Now: default,
        Available: item.Allocated,
        Held: 0,
        Allocated: item.Allocated,
        Number: OrderId.Number(item.ItemNumber),
        UnitPrice: item.UnitPrice,
        Currency: item.Currency,
        OpensAt: sale.OpensAt,
        ClosesAt: sale.ClosesAt,
        State: ItemState.Open,
        LimitPerUser: item.LimitPerUser,
        PaymentTimeoutSeconds: sale.PaymentTimeoutSeconds,
        OutboxDepth: 0)
    {
        StateVersion = version,
    };
}
