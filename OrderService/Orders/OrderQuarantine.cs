namespace Seckill.OrderService.Orders;

/// <summary>Keeps orders that cannot be persisted where operators see them and can replay them.</summary>
internal sealed class OrderQuarantine(NpgsqlDataSource database)
{
    /// <summary>True while no operator has decided about the order: it is in quarantine, and a replay has not given it its row.</summary>
    public Task<bool> ContainsAsync(string orderId, CancellationToken cancellationToken) =>
        database.SingleAsync<bool>(
            """
            select exists (select from quarantined_orders where order_id = @orderId)
              and not exists (select from orders where order_id = @orderId)
            """,
            new { orderId }, cancellationToken);

    /// <summary>Adds orders, each once, however often it comes.</summary>
    /// <param name="error">Why PostgreSQL refuses them.</param>
    public async Task AddAsync(OrdersReserved batch, string error, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition(
            """
            insert into quarantined_orders (
              order_id, sale_id, sku_id, user_id, quantity, unit_price, currency, reserved_at, error, idempotency_key)
            select o.order_id, @SaleId, @SkuId, o.user_id, o.quantity, @UnitPrice, @Currency, o.reserved_at, @Error, o.idempotency_key
            from unnest(@OrderIds, @UserIds, @Quantities, @ReservedAt, @IdempotencyKeys::text[])
              as o (order_id, user_id, quantity, reserved_at, idempotency_key)
            on conflict (order_id) do nothing
            """,
            new BatchParameters(batch) { Error = error },
            cancellationToken: cancellationToken));
    }
}
