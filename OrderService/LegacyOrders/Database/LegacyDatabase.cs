namespace Seckill.OrderService.LegacyOrders.Database;

/// <summary>
/// The connection to the legacy database, from <c>ConnectionStrings:Legacy</c>. A small pool of its own: a legacy server that
/// freezes holds a few connections and nothing else.
/// </summary>
/// <remarks>
/// No statement is cancelled, because the client library cancels by a blocking call to the server that does not answer. A server that
/// runs ends a long statement itself. Otherwise the caller stops waiting, and a pool with a connection that stays silent is replaced.
/// </remarks>
internal sealed class LegacyDatabase : IAsyncDisposable
{
    private const int LongestStatementMilliseconds = 5_000;
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan s_silence = TimeSpan.FromSeconds(5);
    private static readonly object s_mark = new();
    private readonly NpgsqlConnectionStringBuilder? _settings;
    private NpgsqlDataSource? _source;

    /// <param name="settings">From <see cref="Settings"/>; null without a legacy database.</param>
    public LegacyDatabase(NpgsqlConnectionStringBuilder? settings) =>
        (_settings, _source) = (settings, settings is null ? null : Create(settings));

    /// <summary>The settings of <c>ConnectionStrings:Legacy</c>.</summary>
    /// <exception cref="Shared.Settings.InvalidSettingException">It cannot be read, or may lead to a standby.</exception>
    public static NpgsqlConnectionStringBuilder Settings(string connectionString)
    {
        var settings = PostgresSource.Settings(
            "Legacy",
            $"Maximum Pool Size=8;Timeout=2;GSS Encryption Mode=Disable;Application Name=Seckill.OrderService-{ProcessName.Unique};",
            connectionString);
        settings.CommandTimeout = 0;
        // Every statement looks some rows up by key; the planner, left to its statistics, reads the whole table for each batch.
        settings.Options ??=
            $"-c statement_timeout={LongestStatementMilliseconds} -c jit=off -c enable_hashjoin=off -c enable_mergejoin=off";
        return settings;
    }

    /// <summary>False without the setting; then the legacy database is neither written nor read.</summary>
    public bool IsConfigured => _settings is not null;

    /// <summary>Whether an error came out of <see cref="AskAsync"/>, and so not from Seckill's own database.</summary>
    public static bool IsSourceOf(Exception exception) => exception.Data.Contains(s_mark);

    /// <summary>Asks on a connection of its own. After a timeout or a cancellation the question may still take effect later.</summary>
    /// <param name="question">Runs to its end, also after a cancellation.</param>
    /// <param name="cancellationToken">Ends only the wait.</param>
    /// <exception cref="NpgsqlException">The legacy database is down, has another table than expected, or is not configured.</exception>
    /// <exception cref="TimeoutException">No answer within 6 s.</exception>
    public async Task<T> AskAsync<T>(Func<NpgsqlConnection, Task<T>> question, CancellationToken cancellationToken)
    {
        var source = Volatile.Read(ref _source) ?? throw Mark(new NpgsqlException("ConnectionStrings:Legacy is not set."));
        var asked = AskAsync(source, question);
        try
        {
            return await asked.WaitAsync(s_timeout, cancellationToken);
        }
        catch (Exception exception) when (exception is NpgsqlException or TimeoutException)
        {
            Mark(exception);
            throw;
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            // A column of another type, or an order number that is there twice: a failure like any other.
            throw Mark(new NpgsqlException("The legacy table is not as expected: " + exception.Message, exception));
        }
        finally
        {
            if (!asked.IsCompleted)
            {
                _ = ReplaceIfSilentAsync(asked, source);
            }
        }
    }

    public ValueTask DisposeAsync() => _source?.DisposeAsync() ?? default;

    // Callers catch the same types from both databases, and only this one's count for the breaker.
    private static Exception Mark(Exception exception)
    {
        exception.Data[s_mark] = true;
        return exception;
    }

    private static NpgsqlDataSource Create(NpgsqlConnectionStringBuilder settings) => PostgresSource.Open(settings, "legacy");

    private static async Task<T> AskAsync<T>(NpgsqlDataSource source, Func<NpgsqlConnection, Task<T>> question)
    {
        await using var connection = await source.OpenConnectionAsync();
        return await question(connection);
    }

    /// <summary>Replaces a pool with a connection that stays silent. The old connections close when the server answers again.</summary>
    private async Task ReplaceIfSilentAsync(Task asked, NpgsqlDataSource source)
    {
        await Task.WhenAny(asked, Task.Delay(s_silence));
        if (!asked.IsCompleted && Volatile.Read(ref _source) == source)
        {
            var replacement = Create(_settings!);
            var unused = Interlocked.CompareExchange(ref _source, replacement, source) == source ? source : replacement;
            await unused.DisposeAsync();
        }
    }
}
