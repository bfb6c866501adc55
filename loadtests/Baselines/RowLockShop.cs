using Npgsql;

namespace Seckill.Baselines;

/// <summary>
/// One PostgreSQL transaction for each order: stock down by one under the row's lock, and the order's row. As one statement,
/// prepared and committed by itself, so that the lock is held for one round trip less than with begin and commit around it.
/// </summary>
internal sealed class RowLockShop(NpgsqlDataSource database) : IShop
{
    public async Task OpenAsync(long saleId, long skuId, int stock, int limitPerUser)
    {
        await using var command = database.CreateCommand(
            """
            insert into baseline.items (sale_id, sku_id, stock, limit_per_user, unit_price, currency)
            values ($1, $2, $3, $4, $5, $6)
            """);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = saleId });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = skuId });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = stock });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = limitPerUser });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = ShopEndpoints.UnitPrice });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = ShopEndpoints.Currency });
        await command.ExecuteNonQueryAsync();
    }

    public async Task<ShopOutcome> OrderAsync(OrderReserved order)
    {
        await using var command = database.CreateCommand(
            """
            with taken as (
              update baseline.items
              set stock = stock - $5
              where sale_id = $2 and sku_id = $3 and stock >= $5
              returning unit_price, currency
            )
            insert into baseline.orders
              (order_id, sale_id, sku_id, user_id, quantity, unit_price, currency, status, reserved_at)
            select $1, $2, $3, $4, $5, unit_price, currency, 'placed', $6 from taken
            """);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = order.OrderId });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = order.SaleId });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = order.SkuId });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = order.UserId });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = order.Quantity });
        command.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = order.ReservedAt.UtcDateTime });
        return await command.ExecuteNonQueryAsync() == 1 ? ShopOutcome.Reserved : ShopOutcome.SoldOut;
    }
}
