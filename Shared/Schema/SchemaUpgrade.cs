namespace Seckill.Shared.Schema;

/// <summary>
/// Brings a database to the schema of this build at start. Retries while PostgreSQL is down: the sale goes on without it.
/// </summary>
/// <param name="database">Its name in the log.</param>
/// <param name="logger">Of the derived class.</param>
public abstract partial class SchemaUpgrade(string database, ILogger logger) : BackgroundService
{
    private static readonly TimeSpan s_pauseBetweenTries = TimeSpan.FromSeconds(1);
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends when the schema is up to date.</summary>
    public Task Done => _done.Task;

    /// <summary>One attempt.</summary>
    /// <param name="cancellationToken">Ends the wait; a script that runs meanwhile is rolled back when the process ends.</param>
    /// <returns>The scripts that were applied.</returns>
    protected abstract Task<IReadOnlyList<string>> ApplyAsync(CancellationToken cancellationToken);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                foreach (var script in await ApplyAsync(stoppingToken))
                {
                    LogApplied(script, database);
                }

                _done.TrySetResult();
                return;
            }
            catch (Exception exception) when (exception is NpgsqlException or TimeoutException)
            {
                LogWaiting(database, exception.Message);
                await Task.Delay(s_pauseBetweenTries, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    [LoggerMessage(100, LogLevel.Information, "Applied {Script} to the {Database} database.")]
    private partial void LogApplied(string script, string database);
    [LoggerMessage(101, LogLevel.Warning, "The {Database} database cannot be brought up to date yet: {Reason}")]
    private partial void LogWaiting(string database, string reason);
}
