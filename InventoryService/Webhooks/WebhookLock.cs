namespace Seckill.InventoryService.Webhooks;

/// <summary>
/// One process at a time sends to an endpoint: an advisory lock of PostgreSQL, which ends with its transaction and thus with the process.
/// </summary>
internal sealed class WebhookLock : IAsyncDisposable
{
    private readonly NpgsqlConnection _connection;
    private readonly NpgsqlTransaction _transaction;

    private WebhookLock(NpgsqlConnection connection, NpgsqlTransaction transaction) =>
        (_connection, _transaction) = (connection, transaction);

    /// <summary>The lock, or null when another process has it.</summary>
    public static async Task<WebhookLock?> TryTakeAsync(NpgsqlDataSource database, long id, CancellationToken cancellationToken)
    {
        var connection = await database.OpenConnectionAsync(cancellationToken);
        var taken = new WebhookLock(connection, await connection.BeginTransactionAsync(cancellationToken));
        // Idle by design while its owner waits for the endpoint; and gone within 20 s with the machine of its owner.
        await connection.ExecuteAsync(
            """
            set local idle_in_transaction_session_timeout = 0;
            set local tcp_keepalives_idle = 5; set local tcp_keepalives_interval = 5; set local tcp_keepalives_count = 3
            """);
        if (await connection.ExecuteScalarAsync<bool>(
            "select pg_try_advisory_xact_lock(hashtextextended('seckill webhook ' || @id, 0))", new { id }))
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
