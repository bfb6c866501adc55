using Microsoft.Extensions.Options;

namespace Seckill.Shared.Schema;

/// <summary>
/// Brings a database to the schema of this build at start, when its user owns the schema. The user of a process with few rights does not:
/// then this waits until the migration job has done it. Retries while PostgreSQL is down: the sale goes on without it.
/// </summary>
/// <param name="database">Its name in the log.</param>
/// <param name="scripts">Of the database.</param>
/// <param name="options">Whether a start may migrate.</param>
/// <param name="logger">Of the derived class.</param>
public abstract partial class SchemaUpgrade(
    string database, SchemaScripts scripts, IOptions<SchemaOptions> options, ILogger logger) : BackgroundService
{
    private static readonly TimeSpan s_pauseBetweenTries = TimeSpan.FromSeconds(1);
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _waitsForJob;

    /// <summary>Ends when the schema is up to date.</summary>
    public Task Done => _done.Task;

    /// <summary>True while the schema is too old and this process does not change it.</summary>
    public bool WaitsForJob => _waitsForJob;

    /// <summary>False when this installation leaves the schema to others.</summary>
    protected virtual bool IsManaged => true;

    /// <summary>What the migration job does: applies what is missing, and sets the rights of the roles.</summary>
    /// <exception cref="NpgsqlException">PostgreSQL is down, or refuses a script. Nothing was applied.</exception>
    public async Task MigrateAsync(CancellationToken cancellationToken)
    {
        if (IsManaged)
        {
            await ApplyAsync(cancellationToken);
            LogCurrent(database);
        }
    }

    /// <summary>Asks on a connection of its own.</summary>
    /// <param name="question">Runs to its end, also after a cancellation.</param>
    /// <param name="cancellationToken">Ends the wait; a script that runs meanwhile is rolled back when the process ends.</param>
    protected abstract Task<T> AskAsync<T>(Func<NpgsqlConnection, Task<T>> question, CancellationToken cancellationToken);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (IsManaged && !stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (await TryAsync(stoppingToken))
                {
                    _waitsForJob = false;
                    _done.TrySetResult();
                    return;
                }
            }
            catch (Exception exception) when (exception is NpgsqlException or TimeoutException)
            {
                LogWaiting(database, exception.Message);
            }

            await Task.Delay(s_pauseBetweenTries, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<bool> TryAsync(CancellationToken cancellationToken)
    {
        var standing = await AskAsync(scripts.ReadAsync, cancellationToken);
        if (standing.Missing.Count > 0 && options.Value.MigrateAtStart && standing.MayMigrate)
        {
            await ApplyAsync(cancellationToken);
        }
        else if (standing.Missing.Count > 0)
        {
            if (!_waitsForJob)
            {
                LogOld(database, string.Join(", ", standing.Missing));
            }

            _waitsForJob = true;
            return false;
        }

        return true;
    }

    private async Task ApplyAsync(CancellationToken cancellationToken)
    {
        foreach (var script in await AskAsync(scripts.ApplyAsync, cancellationToken))
        {
            LogApplied(script, database);
        }
    }

    [LoggerMessage(100, LogLevel.Information, "Applied {Script} to the {Database} database.")]
    private partial void LogApplied(string script, string database);
    [LoggerMessage(101, LogLevel.Warning, "The {Database} database cannot be brought up to date yet: {Reason}")]
    private partial void LogWaiting(string database, string reason);
    [LoggerMessage(102, LogLevel.Error,
        "The {Database} database lacks schema files {Missing}, and this process does not change the schema. Waiting for the migration job: "
        + "run 'dotnet Seckill.OrderService.dll migrate' with the connection string of the owner.")]
    private partial void LogOld(string database, string missing);
    [LoggerMessage(103, LogLevel.Information, "The {Database} database has the schema of this version.")]
    private partial void LogCurrent(string database);
}
