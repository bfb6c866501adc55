using Dapper;
using Npgsql;
using Seckill.Shared.Contracts;

namespace Seckill.OrderService.Orders;

/// <summary>
/// (6) Orders in PostgreSQL. A batch is one statement: the rows, the ledger row of their sale item, and the entries of the legacy
/// outbox, or nothing at all. Repeatable: an order that is there already changes nothing.
/// </summary>
/// <remarks>Throws <see cref="NpgsqlException"/>; its <c>IsTransient</c> tells whether to try again.</remarks>
internal sealed class OrderStore(NpgsqlDataSource database)
{
    private const string NoOversell = "sale_items_no_oversell";
    private const string NoNegativeLive = "sale_items_live_check";

    /// <summary>Persists a batch. What the ledger has no room for (stock sold twice, after Redis lost data) becomes rejected.</summary>
    /// <exception cref="UnknownSaleItemException">The orders are for an item that PostgreSQL does not have.</exception>
    public async Task PlaceAsync(OrdersReserved batch, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        try
        {
            if (await PlaceAllAsync(connection, batch, null, cancellationToken) == 0)
            {
                throw new UnknownSaleItemException(batch.SaleId, batch.SkuId);
            }
        }
        catch (PostgresException exception) when (exception.ConstraintName == NoOversell)
        {
            await PlaceWhatFitsAsync(connection, batch, null, cancellationToken);
        }
    }

    /// <summary>
    /// Persists orders whose holds somebody has read in Redis, of which there may be no message: nobody would give them their holds
    /// back if the item was rebuilt meanwhile. The ledger row decides which came first, for a rebuild begins and ends at it.
    /// </summary>
    /// <param name="batch">The orders.</param>
    /// <param name="epoch">Of the item, read no later than the holds.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <returns>False, and nothing has changed, when the item was rebuilt since, or waits for its rebuild.</returns>
    public async Task<bool> TryPlaceAsync(OrdersReserved batch, int epoch, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        try
        {
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            if (await PlaceAllAsync(connection, batch, epoch, cancellationToken) == 0)
            {
                return false;
            }

            await transaction.CommitAsync(cancellationToken);
            return true;
        }
        catch (PostgresException exception) when (exception.ConstraintName == NoOversell)
        {
            return await PlaceWhatFitsAsync(connection, batch, epoch, cancellationToken);
        }
    }

    /// <summary>Cancels an order that waits for payment; the row decides. Its stock is on its way back when this ends.</summary>
    /// <returns>False when it was not waiting for payment.</returns>
    public async Task<bool> TryCancelAsync(string orderId, CancellationToken cancellationToken) =>
        await CloseAsync("cancelled", "order_id = @orderId", new { orderId }, cancellationToken) == 1;

    /// <summary>Expires orders whose time to pay is over, by the database's clock; the longest overdue first.</summary>
    /// <param name="most">Most orders to expire.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <returns>How many were expired.</returns>
    /// <exception cref="PostgresException">The ledger row of some item is wrong; the orders of all other items are expired.</exception>
    public async Task<int> ExpireAsync(int most, CancellationToken cancellationToken)
    {
        try
        {
            return await ExpireAsync("true", new { most }, cancellationToken);
        }
        catch (PostgresException exception) when (exception.ConstraintName == NoNegativeLive)
        {
            return await ExpireByItemAsync(most, cancellationToken);
        }
    }

    /// <summary>Puts an order where an operator sees it.</summary>
    public async Task QuarantineAsync(OrdersReserved batch, string error, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition(
            """
            insert into quarantined_orders (order_id, sale_id, sku_id, user_id, quantity, unit_price, currency, reserved_at, error)
            select o.order_id, @SaleId, @SkuId, o.user_id, o.quantity, @UnitPrice, @Currency, o.reserved_at, @error
            from unnest(@OrderIds, @UserIds, @Quantities, @ReservedAt) as o (order_id, user_id, quantity, reserved_at)
            on conflict (order_id) do nothing
            """,
            Parameters(batch, new { error }),
            cancellationToken: cancellationToken));
    }

    private Task<int> ExpireAsync(string which, object parameters, CancellationToken cancellationToken) =>
        CloseAsync(
            "expired",
            $"""
            ctid = any(array(
              select ctid from orders
              where status = 'placed' and pay_by <= now() and {which}
              order by pay_by
              limit @most
              for update skip locked
            ))
            """,
            parameters,
            cancellationToken);

    // An item whose ledger row counts fewer live units than there are must not keep all others from expiring.
    private async Task<int> ExpireByItemAsync(int most, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var items = await connection.QueryAsync<(long SaleId, long SkuId)>(new CommandDefinition(
            "select distinct sale_id, sku_id from orders where status = 'placed' and pay_by <= now()",
            cancellationToken: cancellationToken));
        var expired = 0;
        PostgresException? wrong = null;
        foreach (var (saleId, skuId) in items)
        {
            try
            {
                expired += await ExpireAsync("sale_id = @saleId and sku_id = @skuId", new { most, saleId, skuId }, cancellationToken);
            }
            catch (PostgresException exception) when (exception.ConstraintName == NoNegativeLive)
            {
                wrong = exception;
            }
        }

        return wrong is null ? expired : throw wrong;
    }

    // Orders of several items close together, so their ledger rows are locked in one order: workers cannot wait for each other.
    private async Task<int> CloseAsync(string status, string which, object parameters, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<int>(new CommandDefinition(
            $"""
            with closed as (
              update orders
              set status = '{status}', closed_at = now(), version = version + 1
              where status = 'placed' and {which}
              returning order_id, sale_id, sku_id, quantity
            ), returns as (
              insert into stock_returns (order_id, sale_id, sku_id)
              select order_id, sale_id, sku_id from closed
            ), legacy as (
              insert into legacy_outbox (lane, order_ids)
              select legacy_lane(order_id), array_agg(order_id) from closed
              where (select mode from dual_write_control) in ('shadow', 'dual')
              group by 1
            ), ledger_rows as materialized (
              select i.sale_id, i.sku_id
              from sale_items i
              where (i.sale_id, i.sku_id) in (select sale_id, sku_id from closed)
              order by i.sale_id, i.sku_id
              for update
            ), ledger as (
              update sale_items
              set live = live - units
              from (
                select sale_id, sku_id, sum(quantity)::int as units
                from closed
                join ledger_rows using (sale_id, sku_id)
                group by sale_id, sku_id
              ) c
              where (sale_items.sale_id, sale_items.sku_id) = (c.sale_id, c.sku_id)
            )
            select count(*) from closed
            """,
            parameters,
            cancellationToken: cancellationToken));
    }

    // Rows first and the ledger last, so that other batches of the item wait as briefly as possible; in one order, so that
    // two deliveries of the same orders cannot wait for each other. Returns the ledger rows that were found: one, or none.
    private static Task<int> PlaceAllAsync(
        NpgsqlConnection connection, OrdersReserved batch, int? epoch, CancellationToken cancellationToken) =>
        connection.ExecuteScalarAsync<int>(new CommandDefinition(
            $"""
            with placed as (
              insert into orders
                (order_id, sale_id, sku_id, user_id, quantity, unit_price, currency, status, reserved_at, pay_by)
              select o.order_id, @SaleId, @SkuId, o.user_id, o.quantity, @UnitPrice, @Currency, 'placed', o.reserved_at,
                greatest(now(), o.reserved_at) + make_interval(secs => s.payment_timeout_seconds)
              from unnest(@OrderIds, @UserIds, @Quantities, @ReservedAt) as o (order_id, user_id, quantity, reserved_at)
              join sales s on s.sale_id = @SaleId
              join sale_items on sale_items.sale_id = @SaleId and sale_items.sku_id = @SkuId
              order by o.order_id
              on conflict (order_id) do nothing
              returning order_id, quantity
            ), legacy as (
              insert into legacy_outbox (lane, order_ids, placed)
              select legacy_lane(order_id), array_agg(order_id), true from placed
              where (select mode from dual_write_control) in ('shadow', 'dual')
              group by 1
            ), ledger as (
              update sale_items
              set live = live + (select coalesce(sum(quantity), 0) from placed)
              where sale_id = @SaleId and sku_id = @SkuId {AsOf(epoch)}
              returning 1
            )
            select count(*) from ledger
            """,
            Parameters(batch, epoch is null ? null : new { epoch }),
            cancellationToken: cancellationToken));

    private static async Task<bool> PlaceWhatFitsAsync(
        NpgsqlConnection connection, OrdersReserved batch, int? epoch, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var room = await connection.ExecuteScalarAsync<int?>(new CommandDefinition(
            $"select allocated - live from sale_items where sale_id = @SaleId and sku_id = @SkuId {AsOf(epoch)} for update",
            Parameters(batch, epoch is null ? null : new { epoch }),
            cancellationToken: cancellationToken));
        if (room is null)
        {
            return false;
        }

        // Its snapshot is taken after the lock, so what other batches placed meanwhile is seen.
        var known = await connection.QueryAsync<string>(new CommandDefinition(
            "select order_id from orders where order_id = any(@OrderIds)", Parameters(batch), cancellationToken: cancellationToken));
        var rejected = WithoutRoom(batch.Orders.ExceptBy(known, order => order.OrderId), room.Value);
        await connection.ExecuteAsync(new CommandDefinition(
            """
            with placed as (
              insert into orders
                (order_id, sale_id, sku_id, user_id, quantity, unit_price, currency, status, reserved_at, pay_by)
              select o.order_id, @SaleId, @SkuId, o.user_id, o.quantity, @UnitPrice, @Currency,
                case when o.order_id = any(@rejected) then 'rejected' else 'placed' end, o.reserved_at,
                greatest(now(), o.reserved_at) + make_interval(secs => s.payment_timeout_seconds)
              from unnest(@OrderIds, @UserIds, @Quantities, @ReservedAt) as o (order_id, user_id, quantity, reserved_at)
              join sales s on s.sale_id = @SaleId
              order by o.order_id
              on conflict (order_id) do nothing
              returning order_id, quantity, status
            ), returns as (
              insert into stock_returns (order_id, sale_id, sku_id)
              select order_id, @SaleId, @SkuId from placed where status = 'rejected'
            ), legacy as (
              insert into legacy_outbox (lane, order_ids, placed)
              select legacy_lane(order_id), array_agg(order_id), true from placed
              where (select mode from dual_write_control) in ('shadow', 'dual')
              group by 1
            )
            update sale_items
            set live = live + (select coalesce(sum(quantity), 0) from placed where status = 'placed')
            where sale_id = @SaleId and sku_id = @SkuId
            """,
            Parameters(batch, new { rejected }),
            cancellationToken: cancellationToken));
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    // The oldest first. One that is too large leaves its room to a smaller one.
    private static string[] WithoutRoom(IEnumerable<ReservedOrder> orders, long room)
    {
        var rejected = new List<string>();
        foreach (var order in orders.OrderBy(order => order.ReservedAt).ThenBy(order => order.OrderId, StringComparer.Ordinal))
        {
            var fits = order.Quantity <= room;
            room -= fits ? order.Quantity : 0;
            if (!fits)
            {
                rejected.Add(order.OrderId);
            }
        }

        return [.. rejected];
    }

    private static string AsOf(int? epoch) => epoch is null ? "" : "and epoch = @epoch and lost_at is null";

    private static DynamicParameters Parameters(OrdersReserved batch, object? more = null)
    {
        var parameters = new DynamicParameters(more);
        parameters.Add("SaleId", batch.SaleId);
        parameters.Add("SkuId", batch.SkuId);
        parameters.Add("UnitPrice", batch.UnitPrice);
        parameters.Add("Currency", batch.Currency);
        parameters.Add("OrderIds", batch.Orders.Select(order => order.OrderId).ToArray());
        parameters.Add("UserIds", batch.Orders.Select(order => order.UserId).ToArray());
        parameters.Add("Quantities", batch.Orders.Select(order => order.Quantity).ToArray());
        parameters.Add("ReservedAt", batch.Orders.Select(order => order.ReservedAt.UtcDateTime).ToArray());
        return parameters;
    }
}

/// <summary>Orders came for an item that PostgreSQL does not have.</summary>
internal sealed class UnknownSaleItemException(long saleId, long skuId)
    : Exception($"There is no item {skuId} in sale {saleId} in PostgreSQL.");
