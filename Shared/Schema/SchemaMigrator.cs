// A small migration runner, because no DbUp restores from the feed; dbup-postgresql would replace this file.
using System.Globalization;
using Dapper;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Seckill.Shared.Schema;

/// <summary>
/// Brings the orders database to the schema of this build: the embedded <c>NNN_name.sql</c> files, in order, each in one
/// transaction, under an advisory lock, so that any number of processes may start at once. Tries again while PostgreSQL is away:
/// the sale goes on without it.
/// </summary>
public sealed partial class SchemaMigrator(NpgsqlDataSource database, ILogger<SchemaMigrator> logger) : BackgroundService
{
    private const long AdvisoryLock = 0x5ec0111;
    private static readonly TimeSpan s_pauseBetweenTries = TimeSpan.FromSeconds(1);
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends when the schema is up to date.</summary>
    public Task Done => _done.Task;

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await MigrateAsync(stoppingToken);
                _done.TrySetResult();
                return;
            }
            catch (Exception exception) when (exception is NpgsqlException or TimeoutException)
            {
                LogWaiting(exception.Message);
                await Task.Delay(s_pauseBetweenTries, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task MigrateAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await connection.ExecuteAsync(
            """
            select pg_advisory_xact_lock(@AdvisoryLock);
            create table if not exists schema_version (version int primary key, applied_at timestamptz not null default now());
            """,
            new { AdvisoryLock });
        var current = await connection.ExecuteScalarAsync<int>("select coalesce(max(version), 0) from schema_version");
        foreach (var name in Scripts())
        {
            var version = int.Parse(name.AsSpan(0, 3), NumberStyles.None, CultureInfo.InvariantCulture);
            if (version <= current)
            {
                continue;
            }

            await connection.ExecuteAsync(Read(name));
            await connection.ExecuteAsync("insert into schema_version (version) values (@version)", new { version });
            LogApplied(name);
        }

        await transaction.CommitAsync(cancellationToken);
    }

    private static IEnumerable<string> Scripts() =>
        typeof(SchemaMigrator).Assembly.GetManifestResourceNames()
            .Where(name => name.EndsWith(".sql", StringComparison.Ordinal)).Order(StringComparer.Ordinal);

    private static string Read(string name)
    {
        using var reader = new StreamReader(typeof(SchemaMigrator).Assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }

    [LoggerMessage(100, LogLevel.Information, "Applied {Script} to the orders database.")]
    private partial void LogApplied(string script);

    [LoggerMessage(101, LogLevel.Warning, "The orders database cannot be brought up to date yet: {Reason}")]
    private partial void LogWaiting(string reason);
}
