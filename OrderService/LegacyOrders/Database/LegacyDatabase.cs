using Npgsql;
using Seckill.Shared.Telemetry;

namespace Seckill.OrderService.LegacyOrders.Database;

/// <summary>
/// The connection to the legacy database, from <c>ConnectionStrings:Legacy</c>. A pool of its own, small: a legacy server that
/// freezes holds a few connections, and nothing of ours.
/// </summary>
/// <remarks>
/// Nothing is ever cancelled, because the client library cancels by a blocking call to the server that does not answer. A server
/// that lives ends a long statement by itself; of one that does not, the wait is given up from outside, and connections that were
/// silent for long are left to their fate with the pool they belong to.
/// </remarks>
internal sealed class LegacyDatabase : IAsyncDisposable
{
    private const int LongestStatementMilliseconds = 5_000;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan s_silence = TimeSpan.FromSeconds(5);

    private readonly NpgsqlConnectionStringBuilder? _settings;
    private NpgsqlDataSource? _source;

    public LegacyDatabase(string? connectionString)
    {
        if (!string.IsNullOrEmpty(connectionString))
        {
            // The last value of a setting counts, so whatever the connection string says goes before these defaults.
            _settings = new NpgsqlConnectionStringBuilder(
                "Maximum Pool Size=8;Timeout=2;GSS Encryption Mode=Disable;"
                + $"Application Name=Seckill.OrderService-{ProcessName.Unique};" + connectionString)
            {
                CommandTimeout = 0,
            };
            // Every statement looks some rows up by key; left to guess, the planner would rather read the whole table for each batch.
            _settings.Options ??=
                $"-c statement_timeout={LongestStatementMilliseconds} -c jit=off -c enable_hashjoin=off -c enable_mergejoin=off";
            _source = Create(_settings);
        }
    }

    /// <summary>False when there is no such setting; nothing is written or read then.</summary>
    public bool IsConfigured => _settings is not null;

    /// <summary>Asks on a connection of its own. When this gives up, what was asked may still take effect, much later.</summary>
    /// <param name="question">Is not told of a cancellation.</param>
    /// <param name="cancellationToken">Ends the wait alone.</param>
    /// <exception cref="NpgsqlException">The legacy database is away, not as we know it, or not configured.</exception>
    /// <exception cref="TimeoutException">No answer.</exception>
    public async Task<T> AskAsync<T>(Func<NpgsqlConnection, Task<T>> question, CancellationToken cancellationToken)
    {
        var source = Volatile.Read(ref _source) ?? throw new NpgsqlException("ConnectionStrings:Legacy is not set.");
        var asked = AskAsync(source, question);
        try
        {
            return await asked.WaitAsync(s_patience, cancellationToken);
        }
        catch (Exception exception) when (exception is not (NpgsqlException or TimeoutException or OperationCanceledException))
        {
            // A column of another type, or an order number that is there twice: the database's state like any other.
            throw new NpgsqlException("The legacy table is not as it should be: " + exception.Message, exception);
        }
        finally
        {
            if (!asked.IsCompleted)
            {
                _ = LeaveIfSilentAsync(asked, source);
            }
        }
    }

    public ValueTask DisposeAsync() => _source?.DisposeAsync() ?? default;

    // Its name in the metrics; without one it would be the connection string.
    private static NpgsqlDataSource Create(NpgsqlConnectionStringBuilder settings) =>
        new NpgsqlDataSourceBuilder(settings.ConnectionString) { Name = "legacy" }.Build();

    private static async Task<T> AskAsync<T>(NpgsqlDataSource source, Func<NpgsqlConnection, Task<T>> question)
    {
        await using var connection = await source.OpenConnectionAsync();
        return await question(connection);
    }

    /// <summary>A pool with a connection that stays silent is replaced; its connections close when they are heard of again.</summary>
    private async Task LeaveIfSilentAsync(Task asked, NpgsqlDataSource source)
    {
        await Task.WhenAny(asked, Task.Delay(s_silence));
        if (!asked.IsCompleted && Volatile.Read(ref _source) == source)
        {
            var fresh = Create(_settings!);
            var unused = Interlocked.CompareExchange(ref _source, fresh, source) == source ? source : fresh;
            await unused.DisposeAsync();
        }
    }
}
