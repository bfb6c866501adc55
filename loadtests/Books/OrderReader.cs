using Dapper;
using Npgsql;

namespace Seckill.LoadTests.Books;

/// <summary>Reads the orders from PostgreSQL. Every method throws <see cref="NpgsqlException"/> when the server is down.</summary>
public sealed class OrderReader : IAsyncDisposable
{
    private readonly NpgsqlDataSource _source;

    /// <param name="connectionString">Npgsql connection string of the order database.</param>
    public OrderReader(string connectionString) => _source = NpgsqlDataSource.Create(connectionString);

    /// <summary>How many orders of the sale have a row, in any status.</summary>
    public async Task<long> CountAsync(long saleId, CancellationToken cancellationToken)
    {
        await using var connection = await _source.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<long>(new CommandDefinition(
            "select count(*) from sale_items i, orders_of(i) where i.sale_id = @saleId",
            new { saleId },
            cancellationToken: cancellationToken));
    }

    /// <summary>All orders of the sale, those in quarantine included.</summary>
    public async Task<IReadOnlyList<OrderRow>> ReadAsync(long saleId, CancellationToken cancellationToken)
    {
        await using var connection = await _source.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync<OrderRow>(new CommandDefinition(
            """
            select order_id as OrderId, sku_id as SkuId, user_id as UserId, quantity as Quantity,
                   status as Status, unit_price as UnitPrice, currency as Currency
            from orders
            where sale_id = @saleId
            union all
            select order_id, sku_id, user_id, quantity, @Quarantined, unit_price, currency
            from quarantined_orders q
            where sale_id = @saleId and not exists (select from orders o where o.order_id = q.order_id)
            """,
            new { saleId, OrderRow.Quarantined },
            cancellationToken: cancellationToken));
        return rows.AsList();
    }

    /// <summary>The ledger rows of the sale.</summary>
    public async Task<IReadOnlyList<LedgerRow>> ReadLedgerAsync(long saleId, CancellationToken cancellationToken)
    {
        await using var connection = await _source.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync<LedgerRow>(new CommandDefinition(
            """
            select sku_id as SkuId, allocated::bigint as Allocated, live::bigint as Live
            from sale_items
            where sale_id = @saleId
            """,
            new { saleId },
            cancellationToken: cancellationToken));
        return rows.AsList();
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _source.DisposeAsync();
}
