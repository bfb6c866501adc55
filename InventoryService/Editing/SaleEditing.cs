using Seckill.InventoryService.Ledger;
using Seckill.InventoryService.Sales;

namespace Seckill.InventoryService.Editing;

/// <summary>The outcome of an edit.</summary>
internal enum EditingOutcome
{
    /// <summary>The sale is as requested.</summary>
    Done,
    /// <summary>Another request changed the sale meanwhile, or is opening it; nothing was changed, except stock.</summary>
    Superseded,
    /// <summary>Orders rely on what should change; nothing was changed.</summary>
    HasOrders,
    /// <summary>Redis has lost the stock of an item; nothing was changed.</summary>
    StockLost,
    /// <summary>Fewer units are available than would be withdrawn; nothing else was changed.</summary>
    StockInUse,
}

/// <summary>
/// Edits a sale. The row changes first, with the next version of the sale's state, and only if it has the version that was read
/// (docs/decisions/0028); Redis gets the terms with that version. After a kill in between, the loss watch gives them to Redis: an item
/// with an older version is not one that lost data.
/// What orders rely on (price, currency, start, time to pay, a lower limit) changes only before the first of them. An opened sale is closed
/// for that moment, so that none is reserved between the stores. The end may move while it is in the future, and a limit may be raised:
/// then each order that either store accepts is right in the other. Cap and cool-down may change at any time: no order relies on them.
/// </summary>
internal sealed class SaleEditing(
    NpgsqlDataSource database, SaleOpening opening, StockLedger stock, StockChanges changes, SaleCatalog catalog)
{
    /// <summary>Called after PostgreSQL has the terms and before Redis has them: where a test stops the call, or kills it.</summary>
    internal Func<Task> BeforeRedis { get; init; } = () =>
    {
        FailPoint.Reach("sale-edited");
        return Task.CompletedTask;
    };

    /// <summary>Makes a sale what is planned.</summary>
    /// <param name="sale">As it was read, no earlier than its version.</param>
    /// <param name="version">Of its state.</param>
    /// <param name="plan">Checked.</param>
    /// <param name="isDryRun">True to find out only whether it would be refused.</param>
    public async Task<EditingOutcome> EditAsync(
        SaleDetails sale, long version, CreateSale plan, bool isDryRun, CancellationToken cancellationToken)
    {
        var items = sale.Items.Zip(plan.Items!, (now, then) => (Now: now, Then: then!)).ToList();
        if (sale.State == SaleState.Created && !items.Exists(item => item.Now.WasWarm))
        {
            return isDryRun || await WriteAsync(plan, version, isWarm: false, cancellationToken) is not null
                ? EditingOutcome.Done : EditingOutcome.Superseded;
        }

        if (items.Exists(item => !item.Now.WasWarm))
        {
            return EditingOutcome.Superseded;
        }

        if (await TouchedAsync(sale, cancellationToken) is not { } isTouched)
        {
            return EditingOutcome.StockLost;
        }

        var now = await catalog.NowAsync();
        var needsNoOrders = plan.OpensAt != sale.OpensAt || plan.PaymentTimeoutSeconds != sale.PaymentTimeoutSeconds
            || (plan.ClosesAt != sale.ClosesAt && (sale.ClosesAt <= now || plan.ClosesAt <= now))
            || items.Exists(item => item.Then.UnitPrice != item.Now.UnitPrice || item.Then.Currency != item.Now.Currency
                || item.Then.LimitPerUser < item.Now.LimitPerUser);
        if (needsNoOrders && isTouched)
        {
            return EditingOutcome.HasOrders;
        }

        if (isDryRun)
        {
            return EditingOutcome.Done;
        }

        var closes = needsNoOrders && sale.State == SaleState.Open;
        if (closes)
        {
            if (await opening.CloseAsync(sale.SaleId, cancellationToken, version) != OpeningOutcome.Done)
            {
                return EditingOutcome.Superseded;
            }

            version++;
            if (await TouchedAsync(sale, cancellationToken) is not false)
            {
                // An order came before the close.
                await opening.OpenAsync(sale.SaleId, cancellationToken, version);
                return EditingOutcome.HasOrders;
            }
        }

        if (await ChangeStockAsync(sale.SaleId, items, cancellationToken) is var refused and not EditingOutcome.Done)
        {
            await ReopenAsync(sale.SaleId, closes, version, cancellationToken);
            return refused;
        }

        if (await WriteAsync(plan, version, isWarm: true, cancellationToken) is not { } next)
        {
            return EditingOutcome.Superseded;
        }

        await BeforeRedis();
        await catalog.AddSaleAsync(new OpenedSale(
            sale.SaleId, plan.Name!.Trim(), [.. sale.Items.Select(item => item.SkuId)], HasRoom: sale.WaitingRoom is not null));
        var state = closes || sale.State == SaleState.Closed ? SaleState.Closed : SaleState.Open;
        var outcome = await opening.RepeatAsync(sale.SaleId, state, next, cancellationToken);
        return outcome == OpeningOutcome.Done && await ReopenAsync(sale.SaleId, closes, next, cancellationToken)
            ? EditingOutcome.Done : EditingOutcome.Superseded;
    }

    private async Task<bool> ReopenAsync(long saleId, bool wasOpen, long version, CancellationToken cancellationToken) =>
        !wasOpen || await opening.OpenAsync(saleId, cancellationToken, version) == OpeningOutcome.Done;

    // Whether there is, or ever was, an order; null when Redis has lost an item.
    private async Task<bool?> TouchedAsync(SaleDetails sale, CancellationToken cancellationToken)
    {
        var inRedis = await Task.WhenAll(sale.Items.Select(
            item => stock.InspectAsync(new ItemKeys(new ItemKey(sale.SaleId, item.SkuId)))));
        if (Array.Exists(inRedis, item => item is null or { State: ItemState.Lost }))
        {
            return null;
        }

        return Array.Exists(inRedis, item => item is not { Held: 0, Released: 0, OutboxDepth: 0 })
            || await database.SingleAsync<bool>(
                """
                select exists (select from sale_items i, orders_of(i) where i.sale_id = @SaleId)
                  or exists (select from quarantined_orders where sale_id = @SaleId)
                """,
                new { sale.SaleId }, cancellationToken);
    }

    // A change of stock has a record of its own, and is finished after a kill.
    private async Task<EditingOutcome> ChangeStockAsync(
        long saleId, List<(SaleItemDetails Now, CreateSaleItem Then)> items, CancellationToken cancellationToken)
    {
        foreach (var (now, then) in items.Where(item => item.Then.Allocated != item.Now.Allocated))
        {
            var change = new StockChange(
                new ItemKey(saleId, now.SkuId), "edit-" + Guid.NewGuid().ToString("N"), then.Allocated!.Value - now.Allocated);
            switch ((await changes.ChangeAsync(change, cancellationToken)).Outcome)
            {
                case StockChangeOutcome.Made: break;
                case StockChangeOutcome.NotEnough: return EditingOutcome.StockInUse;
                default: return EditingOutcome.StockLost;
            }
        }

        return EditingOutcome.Done;
    }

    // Returns the next version, or null when the sale has another one than was read.
    private async Task<long?> WriteAsync(CreateSale plan, long version, bool isWarm, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var next = (await connection.QueryAsync<long?>(
            """
            update sales
            set name = @Name, opens_at = @OpensAt, closes_at = @ClosesAt, payment_timeout_seconds = @PaymentTimeoutSeconds,
              sells_until = case when @isWarm then greatest(sells_until, closes_at) end, state_version = state_version + 1
            where sale_id = @SaleId and state_version = @version and archived_at is null
            returning state_version
            """,
            new
            {
                plan.SaleId, version, isWarm, Name = plan.Name!.Trim(), OpensAt = plan.OpensAt!.Value.UtcDateTime,
                ClosesAt = plan.ClosesAt!.Value.UtcDateTime, plan.PaymentTimeoutSeconds,
            },
            cancellationToken)).SingleOrDefault();
        if (next is null)
        {
            return null;
        }

        await connection.ExecuteAsync(
            """
            update sale_items i
            set limit_per_user = n.most, unit_price = n.price, currency = n.currency, orders_per_user = n.orders,
              cool_down_seconds = n.pause, allocated = case when @isWarm then i.allocated else n.allocated end
            from unnest(@skus, @limits, @prices, @currencies, @units, @orders, @pauses)
              as n (sku_id, most, price, currency, allocated, orders, pause)
            where i.sale_id = @SaleId and i.sku_id = n.sku_id
            """,
            new
            {
                plan.SaleId, isWarm, skus = Column(item => item.SkuId!.Value), limits = Column(item => item.LimitPerUser!.Value),
                prices = Column(item => item.UnitPrice!.Value), currencies = Column(item => item.Currency!),
                units = Column(item => item.Allocated!.Value), orders = Column(item => item.OrdersPerUser ?? 0),
                pauses = Column(item => item.CoolDownSeconds ?? 0),
            },
            cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return next;

        T[] Column<T>(Func<CreateSaleItem, T> value) => [.. plan.Items!.Select(item => value(item!))];
    }
}
