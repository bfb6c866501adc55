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
    /// <summary>The sale is archived: it has ended.</summary>
    Archived,
}

/// <summary>
/// Opens sales (puts their stock into Redis) and closes them. PostgreSQL decides which of two calls is the later one: it counts the
/// changes of a sale's state, and Redis refuses a call with an older count, however late it arrives. Both may be repeated, also after a
/// crash at any line: the loss watch finishes what a dead process left half done.
/// </summary>
internal sealed class SaleOpening(SaleStore sales, StockLedger stock, SaleCatalog catalog, RoomOpening rooms)
{
    private static readonly ParallelOptions s_several = new() { MaxDegreeOfParallelism = 16 };

    // Each opening gives those of the same sale that are under way another round, so many at once would only repeat each other's work and
    // take all connections. A close does not wait for them.
    private static readonly SemaphoreSlim s_openings = new(8);

    /// <summary>Called after PostgreSQL has the new state and before Redis has it: where a test stops the call, or kills it.</summary>
    internal Func<Task> BeforeRedis { get; init; } = () =>
    {
        FailPoint.Reach("sale-state-written");
        return Task.CompletedTask;
    };

    /// <param name="onlyVersion">The state is only replaced while it has this version; null to replace any.</param>
    public async Task<OpeningOutcome> OpenAsync(long saleId, CancellationToken cancellationToken, long? onlyVersion = null)
    {
        await s_openings.WaitAsync(cancellationToken);
        try
        {
            return await OpenNowAsync(saleId, onlyVersion, cancellationToken);
        }
        finally
        {
            s_openings.Release();
        }
    }

    private async Task<OpeningOutcome> OpenNowAsync(long saleId, long? onlyVersion, CancellationToken cancellationToken)
    {
        // The version first, so that the terms are no older.
        if (await sales.FindVersionAsync(saleId, cancellationToken) is not { } read
            || await sales.FindAsync(saleId, cancellationToken) is not { } sale)
        {
            return OpeningOutcome.UnknownSale;
        }

        if (sale.ArchivedAt is not null)
        {
            return OpeningOutcome.Archived;
        }

        var inRedis = await Task.WhenAll(sale.Items.Select(item => stock.InspectAsync(KeysOf(sale, item))));
        foreach (var (item, now) in sale.Items.Zip(inRedis))
        {
            if (item.WasWarm && now is null or { State: ItemState.Lost })
            {
                return OpeningOutcome.StockLost;
            }

            // An item that was warm and has an older state may have the terms from before an edit, and gets the others below.
            if (now is not null && !now.HasTermsOf(Fresh(sale, item, 0)) && (!item.WasWarm || now.StateVersion >= read))
            {
                return OpeningOutcome.StockDiffers;
            }
        }

        if (await SetStateAsync(saleId, SaleState.Open, onlyVersion, cancellationToken) is not { } version)
        {
            return OpeningOutcome.Superseded;
        }

        await BeforeRedis();
        // Before the items, so that no order finds an item without its room.
        await rooms.OpenAsync(sale, cancellationToken);
        foreach (var item in sale.Items)
        {
            // The number first: an order can be placed as soon as the item is warm, and must be found by its number.
            await catalog.AddNumberAsync(OrderId.Number(item.ItemNumber), new ItemKey(sale.SaleId, item.SkuId));
        }

        await catalog.AddSaleAsync(new OpenedSale(
            sale.SaleId, sale.Name, [.. sale.Items.Select(item => item.SkuId)], HasRoom: sale.WaitingRoom is not null));
        return await RepeatAsync(saleId, SaleState.Open, version, cancellationToken);
    }

    /// <param name="onlyVersion">As with <see cref="OpenAsync"/>.</param>
    public async Task<OpeningOutcome> CloseAsync(long saleId, CancellationToken cancellationToken, long? onlyVersion = null)
    {
        if (await sales.FindAsync(saleId, cancellationToken) is not { } sale)
        {
            return OpeningOutcome.UnknownSale;
        }

        if (sale.ArchivedAt is not null)
        {
            return OpeningOutcome.Archived;
        }

        if (sale.State == SaleState.Created && !sale.Items.Any(item => item.WasWarm))
        {
            return OpeningOutcome.NeverOpened;
        }

        if (await SetStateAsync(saleId, SaleState.Closed, onlyVersion, cancellationToken) is not { } version)
        {
            return OpeningOutcome.Superseded;
        }

        await BeforeRedis();
        return await RepeatAsync(saleId, SaleState.Closed, version, cancellationToken);
    }

    /// <summary>
    /// Gives Redis the state and the terms of a sale, as PostgreSQL has them. A later call that asked for the same state is not waited for:
    /// Redis gets its version.
    /// </summary>
    /// <param name="version">That the state got.</param>
    public async Task<OpeningOutcome> RepeatAsync(long saleId, SaleState state, long version, CancellationToken cancellationToken)
    {
        while (true)
        {
            // Read after the version was given: an edit from before it is in the row, and a later one has a later version.
            var (sale, outcome) = ((await sales.FindAsync(saleId, cancellationToken))!, OpeningOutcome.Done);
            await Parallel.ForEachAsync(sale.Items, s_several, async (item, _) =>
            {
                if (await ApplyAsync(sale, item, state, version, cancellationToken) is var refused and not OpeningOutcome.Done)
                {
                    outcome = refused;
                }
            });
            var now = await sales.FindStateAsync(saleId, cancellationToken);
            if (now.Version == version)
            {
                return outcome;
            }

            if (now.State != state)
            {
                return outcome == OpeningOutcome.Done ? OpeningOutcome.Superseded : outcome;
            }

            version = now.Version;
        }
    }

    private async Task<OpeningOutcome> ApplyAsync(
        SaleDetails sale, SaleItemDetails item, SaleState state, long version, CancellationToken cancellationToken)
    {
        var (keys, fresh) = (KeysOf(sale, item), Fresh(sale, item, version));
        if (item.WasWarm && await stock.EditAsync(
            keys, fresh, state == SaleState.Closed ? ItemState.Closed : ItemState.Open) is var edited and not EditOutcome.NotWarm)
        {
            return edited == EditOutcome.Edited ? OpeningOutcome.Done : OpeningOutcome.Superseded;
        }

        if (state == SaleState.Closed)
        {
            // Not warm: the version stays, for an opening that is late.
            return await stock.CloseAsync(keys, version) == CloseOutcome.Stale ? OpeningOutcome.Superseded : OpeningOutcome.Done;
        }

        switch (await stock.WarmAsync(keys, fresh, !item.WasWarm))
        {
            case WarmOutcome.Stale: return OpeningOutcome.Superseded;
            case WarmOutcome.Differs: return OpeningOutcome.StockDiffers;
            case WarmOutcome.Lost: return OpeningOutcome.StockLost;
            default:
                await sales.MarkWarmAsync(sale.SaleId, item.SkuId, cancellationToken);
                return OpeningOutcome.Done;
        }
    }

    private async Task<long?> SetStateAsync(long saleId, SaleState state, long? onlyVersion, CancellationToken cancellationToken) =>
        onlyVersion is { } version
            ? await sales.TrySetStateAsync(saleId, state, version, cancellationToken)
            : await sales.SetStateAsync(saleId, state, cancellationToken);

    private static ItemKeys KeysOf(SaleDetails sale, SaleItemDetails item) => new(new ItemKey(sale.SaleId, item.SkuId));

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
        StateVersion = version, Room = sale.WaitingRoom?.Policy ?? RoomPolicy.None,
        OrdersPerUser = item.OrdersPerUser ?? 0, CoolDownSeconds = item.CoolDownSeconds ?? 0,
    };
}
