namespace Seckill.OrderService.Orders;

/// <summary>Keeps orders that cannot be persisted where operators see them and can replay them.</summary>
internal sealed class OrderQuarantine(NpgsqlDataSource database)
{
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
