using System.Globalization;
using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Seckill.OrderService.LegacyOrders.Database;

/// <summary>
/// Creates the legacy table in Development, or with <c>Legacy:CreateSchema</c>: the embedded numbered scripts, each once. In
/// production the table is there already and is never changed by us.
/// </summary>
internal sealed partial class LegacySchema(
    LegacyDatabase legacy, IOptions<LegacyOptions> options, IHostEnvironment environment, ILogger<LegacySchema> logger) : BackgroundService
{
    private const string Prefix = "legacy.";
    private const long AdvisoryLock = 0x5ec0112;
    private static readonly TimeSpan s_pauseBetweenTries = TimeSpan.FromSeconds(1);

    /// <summary>Applies what is missing.</summary>
    public static Task ApplyAsync(LegacyDatabase legacy, CancellationToken cancellationToken) =>
        legacy.AskAsync(ApplyAsync, cancellationToken);

    private static async Task<int> ApplyAsync(NpgsqlConnection connection)
    {
        await using var transaction = await connection.BeginTransactionAsync();
        await connection.ExecuteAsync(
            """
            select pg_advisory_xact_lock(@AdvisoryLock);
            create table if not exists development_schema_version (version int primary key);
            """,
            new { AdvisoryLock });
        var current = await connection.ExecuteScalarAsync<int>("select coalesce(max(version), 0) from development_schema_version");
        var assembly = typeof(LegacySchema).Assembly;
        foreach (var name in assembly.GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)).Order())
        {
            var version = int.Parse(name.AsSpan(Prefix.Length, 3), NumberStyles.None, CultureInfo.InvariantCulture);
            if (version > current)
            {
                using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
                await connection.ExecuteAsync(await reader.ReadToEndAsync());
                await connection.ExecuteAsync("insert into development_schema_version values (@version)", new { version });
            }
        }

        await transaction.CommitAsync();
        return current;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (legacy.IsConfigured && (options.Value.CreateSchema || environment.IsDevelopment()) && !stoppingToken.IsCancellationRequested)
        {
            try
            {
                await ApplyAsync(legacy, stoppingToken);
                return;
            }
            catch (Exception exception) when (exception is NpgsqlException or TimeoutException)
            {
                LogWaiting(exception.Message);
                await Task.Delay(s_pauseBetweenTries, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    [LoggerMessage(604, LogLevel.Warning, "The legacy table cannot be created yet: {Reason}")]
    private partial void LogWaiting(string reason);
}
