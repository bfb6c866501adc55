namespace Seckill.OrderService.Orders;

/// <summary>Cancels and expires orders (<c>close_orders</c> in 008_order_functions.sql). Their stock is then on its way back.</summary>
internal sealed class OrderClosing(NpgsqlDataSource database)
{
    private const string NoNegativeLive = "sale_items_live_check";
    private static readonly Meter s_meter = new("Seckill");
    private static readonly Counter<long> s_expired =
        s_meter.CreateCounter<long>("seckill.orders.expired", "{order}", "Orders not paid in time.");

    /// <summary>Cancels an order that waits for payment; the row decides.</summary>
    /// <returns>False when it was not waiting for payment.</returns>
    public async Task<bool> TryCancelAsync(string orderId, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<int>(new CommandDefinition(
            """
            select cardinality(close_orders(
              array(select ctid from orders where order_id = @orderId for update), 'cancelled', return_stock => true))
            """,
            new { orderId },
            cancellationToken: cancellationToken)) == 1;
    }

    /// <summary>Expires orders whose time to pay is over, by the database's clock; the longest overdue first.</summary>
    /// <param name="maximum">Maximum number of orders to expire.</param>
    /// <returns>How many were expired.</returns>
    /// <exception cref="PostgresException">The ledger row of some item is wrong; the orders of all other items are expired.</exception>
    public async Task<int> ExpireAsync(int maximum, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        try
        {
            return Counted(await connection.ExecuteScalarAsync<int>(new CommandDefinition(
                "select expire_orders(@maximum)", new { maximum }, cancellationToken: cancellationToken)));
        }
        catch (PostgresException exception) when (exception.ConstraintName == NoNegativeLive)
        {
            return await ExpireByItemAsync(connection, maximum, cancellationToken);
        }
    }

    /// <summary>
    /// Expires those of these orders whose time to pay is over; leaves out what another process has locked, and all when the ledger row of
    /// an item is wrong: <see cref="ExpireAsync(int, CancellationToken)"/> gets to them.
    /// </summary>
    /// <returns>How many were expired.</returns>
    public async Task<int> ExpireAsync(IReadOnlyCollection<string> orderIds, CancellationToken cancellationToken)
    {
        if (orderIds.Count == 0)
        {
            return 0;
        }

        try
        {
            return Counted(await database.SingleAsync<int>(
                """
                select cardinality(close_orders(array(
                  select ctid from orders
                  where order_id = any(@orderIds) and status = 'placed' and pay_by <= now()
                  order by order_id
                  for update skip locked), 'expired', return_stock => true))
                """,
                new { orderIds = orderIds.ToArray() }, cancellationToken));
        }
        catch (PostgresException exception) when (exception.ConstraintName == NoNegativeLive)
        {
            return 0;
        }
    }

    // An item whose ledger row counts too few live units must not keep the orders of all others from expiring.
    private static async Task<int> ExpireByItemAsync(NpgsqlConnection connection, int maximum, CancellationToken cancellationToken)
    {
        var items = await connection.QueryAsync<(long SaleId, long SkuId)>(new CommandDefinition(
            "select distinct sale_id, sku_id from orders where status = 'placed' and pay_by <= now()",
            cancellationToken: cancellationToken));
        var expired = 0;
        PostgresException? wrong = null;
        foreach (var (saleId, skuId) in items)
        {
            try
            {
                expired += Counted(await connection.ExecuteScalarAsync<int>(new CommandDefinition(
                    "select expire_orders(@maximum, @saleId, @skuId)", new { maximum, saleId, skuId },
                    cancellationToken: cancellationToken)));
            }
            catch (PostgresException exception) when (exception.ConstraintName == NoNegativeLive)
            {
                wrong = exception;
            }
        }

        return wrong is null ? expired : throw wrong;
    }

    private static int Counted(int expired)
    {
        s_expired.Add(expired);
        return expired;
    }
}
