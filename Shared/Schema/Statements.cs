using Dapper;

namespace Seckill.Shared.Schema;

/// <summary>One statement, on a given connection or on one of its own, which ends when the caller stops waiting.</summary>
/// <remarks>Throws <see cref="NpgsqlException"/> or <see cref="TimeoutException"/>.</remarks>
public static class Statements
{
    /// <returns>How many rows were changed.</returns>
    public static async Task<int> ExecuteAsync(
        this NpgsqlDataSource database, string sql, object? parameters, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteAsync(sql, parameters, cancellationToken);
    }

    /// <returns>All rows.</returns>
    public static async Task<List<T>> QueryAsync<T>(
        this NpgsqlDataSource database, string sql, object? parameters, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.QueryAsync<T>(sql, parameters, cancellationToken);
    }

    /// <returns>The only row.</returns>
    public static async Task<T> SingleAsync<T>(
        this NpgsqlDataSource database, string sql, object? parameters, CancellationToken cancellationToken) =>
        (await database.QueryAsync<T>(sql, parameters, cancellationToken)).Single();

    /// <returns>How many rows were changed.</returns>
    public static Task<int> ExecuteAsync(
        this NpgsqlConnection connection, string sql, object? parameters, CancellationToken cancellationToken) =>
        connection.ExecuteAsync(new CommandDefinition(sql, parameters, cancellationToken: cancellationToken));

    /// <returns>All rows.</returns>
    public static async Task<List<T>> QueryAsync<T>(
        this NpgsqlConnection connection, string sql, object? parameters, CancellationToken cancellationToken) =>
        (await connection.QueryAsync<T>(new CommandDefinition(sql, parameters, cancellationToken: cancellationToken))).AsList();
}
