using System.Reflection;
using Npgsql;

namespace Seckill.Baselines;

/// <summary>The tables, and the insert of one order.</summary>
internal sealed class BaselineTables(NpgsqlDataSource database)
{
    /// <summary>Creates what is missing.</summary>
    public async Task CreateAsync()
    {
        await using var connection = await database.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        // Both variants start at the same time, and `if not exists` alone does not keep them apart.
        await using var command = new NpgsqlCommand(
            "select pg_advisory_xact_lock(7325);" + Resource("tables.sql"), connection, transaction);
        await command.ExecuteNonQueryAsync();
        await transaction.CommitAsync();
    }

    /// <summary>One order in one transaction; an order that is there already changes nothing.</summary>
    public async Task PlaceAsync(OrderReserved order, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            """
            insert into baseline.orders
              (order_id, sale_id, sku_id, user_id, quantity, unit_price, currency, status, reserved_at)
            values ($1, $2, $3, $4, $5, $6, $7, 'placed', $8)
            on conflict (order_id) do nothing
            """);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = order.OrderId });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = order.SaleId });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = order.SkuId });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = order.UserId });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = order.Quantity });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = ShopEndpoints.UnitPrice });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = ShopEndpoints.Currency });
        command.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = order.ReservedAt.UtcDateTime });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>The text of an embedded file.</summary>
    public static string Resource(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)
            ?? throw new InvalidOperationException(name + " is not embedded.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
