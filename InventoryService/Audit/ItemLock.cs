namespace Seckill.InventoryService.Audit;

/// <summary>
/// One process at a time repairs, stops or rebuilds an item: an advisory lock of PostgreSQL, which ends with its transaction and thus with
/// the process.
/// </summary>
internal sealed class ItemLock : IAsyncDisposable
{
    private readonly NpgsqlConnection _connection;
    private readonly NpgsqlTransaction _transaction;

    private ItemLock(NpgsqlConnection connection, NpgsqlTransaction transaction) => (_connection, _transaction) = (connection, transaction);

    /// <summary>The lock, or null when another process has it.</summary>
    public static async Task<ItemLock?> TryTakeAsync(NpgsqlDataSource database, ItemKey item, CancellationToken cancellationToken)
    {
        var connection = await database.OpenConnectionAsync(cancellationToken);
        var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var taken = new ItemLock(connection, transaction);
        // Idle by design while its owner works on the item; and gone within 20 s with the machine of its owner.
        await connection.ExecuteAsync(
            """
            set local idle_in_transaction_session_timeout = 0;
            set local tcp_keepalives_idle = 5; set local tcp_keepalives_interval = 5; set local tcp_keepalives_count = 3
            """);
        if (await connection.ExecuteScalarAsync<bool>(
            "select pg_try_advisory_xact_lock(hashtextextended('seckill item ' || @name, 0))", new { name = item.ToString() }))
        {
            return taken;
        }

        await taken.DisposeAsync();
        return null;
    }

    public async ValueTask DisposeAsync()
    {
        await _transaction.DisposeAsync();
        await _connection.DisposeAsync();
    }
}
