using Dapper;
using Npgsql;

namespace Seckill.LoadTests.Books;

/// <summary>Reads the orders from PostgreSQL. Every method throws <see cref="NpgsqlException"/> when the server is away.</summary>
public sealed class OrderBooks : IAsyncDisposable
{
    private readonly NpgsqlDataSource _source;

    /// <param name="connectionString">Npgsql connection string of the order database.</param>
    public OrderBooks(string connectionString) => _source = NpgsqlDataSource.Create(connectionString);

    /// <summary>How many orders of the sale have a row, in any status.</summary>
    public async Task<long> CountAsync(long saleId, CancellationToken cancellationToken)
    {
        await using var connection = await _source.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<long>(new CommandDefinition(
            "select count(*) from orders where sale_id = @saleId", new { saleId }, cancellationToken: cancellationToken));
    }

    /// <summary>All orders of the sale.</summary>
    public async Task<IReadOnlyList<OrderRow>> ReadAsync(long saleId, CancellationToken cancellationToken)
    {
        await using var connection = await _source.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync<OrderRow>(new CommandDefinition(
            """
            select trim(order_id::text) as OrderId, sku_id as SkuId, user_id as UserId, quantity as Quantity,
                   status::text as Status, unit_price as UnitPrice, trim(currency::text) as Currency
            from orders
            where sale_id = @saleId
            """,
            new { saleId },
            cancellationToken: cancellationToken));
        return rows.AsList();
    }

    /// <summary>Those of the given orders that wait in quarantine for an operator.</summary>
    public async Task<IReadOnlySet<string>> QuarantinedAsync(IReadOnlyCollection<string> orderIds, CancellationToken cancellationToken)
    {
        await using var connection = await _source.OpenConnectionAsync(cancellationToken);
        var found = await connection.QueryAsync<string>(new CommandDefinition(
            "select trim(order_id::text) from quarantined_orders where order_id::text = any(@orderIds)",
            new { orderIds = orderIds.ToArray() },
            cancellationToken: cancellationToken));
        return found.ToHashSet(StringComparer.Ordinal);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _source.DisposeAsync();
}
