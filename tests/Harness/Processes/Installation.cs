
using Seckill.Shared.Security;

namespace Seckill.Tests.Harness.Processes;

/// <summary>The services and relays of one scenario. Whatever is left of them at its end is killed.</summary>
internal sealed class Installation : IAsyncDisposable
{
    // An impatient sweeper: scenarios wait for it. The order of things is the same.
    internal static readonly (string, string?)[] ShortTimeouts =
    [
        ("Sweeper__IntervalMilliseconds", "200"), ("Sweeper__MinimumAgeMilliseconds", "500"), ("Sweeper__LongestPauseMilliseconds", "2000"),
    ];

    internal static readonly (string, string?)[] Development =
    [
        ("ASPNETCORE_ENVIRONMENT", "Development"), ("DOTNET_ENVIRONMENT", "Development"),
        ("Auth__BuyerTokenKey", DevelopmentKeys.BuyerToken), ("Auth__OpsKey", DevelopmentKeys.Ops),
        ("Logging__Console__FormatterName", "simple"), ("Logging__Console__FormatterOptions__SingleLine", "true"),
        ("Logging__Console__FormatterOptions__TimestampFormat", "HH:mm:ss.fff "),
    ];

    /// <summary>As in production, for a scenario in which Redis does not answer.</summary>
    internal static readonly (string, string?) ProductTimeout = ("Reservations__TimeoutMilliseconds", "2000");

    /// <summary>As in production, for a scenario in which PostgreSQL does not answer buyers.</summary>
    internal static readonly (string, string?) ProductReadTimeout = ("OrderReads__TimeoutMilliseconds", "1000");

    private readonly List<IAsyncDisposable> _parts = [];
    private int _started;

    public Relay RelayToRedis() => Add(Relay.ToRedis());

    public Relay RelayToRabbitMq() => Add(Relay.ToRabbitMq());

    public Relay RelayToPostgres() => Add(Relay.ToPostgres());

    /// <summary>A server of its own, to be stopped.</summary>
    public async Task<OwnPostgres> StartPostgresAsync() => Add(await OwnPostgres.StartAsync());

    /// <summary>Databases of its own, and a relay before the legacy one.</summary>
    /// <param name="servers">Where the orders are.</param>
    /// <param name="legacy">Where the legacy database is, if not on the server that the run was given.</param>
    public async Task<DualDatabases> CreateDatabasesAsync(StoreConnections servers, OwnPostgres? legacy = null)
    {
        var databases = Add(await DualDatabases.CreateAsync(servers, legacy?.ConnectionString));
        databases.Relay = Add(Relay.ToPostgres(Servers.LegacySetting, databases.LegacyConnection));
        return databases;
    }

    public ServiceProcess StartApi(params (string Name, string? Value)[] settings) =>
        Start("api", "OrderService", ["--role", "api"], [.. Unhurried.Environment, .. settings]);

    public ServiceProcess StartWorker(params (string Name, string? Value)[] settings) =>
        Start("worker", "OrderService", ["--role", "worker"], settings);

    public ServiceProcess StartInventory(params (string Name, string? Value)[] settings) =>
        Start("inventory", "InventoryService", [], [.. ShortTimeouts, .. settings]);

    public ServiceProcess Start(string name, string project, string[] arguments, params (string Name, string? Value)[] settings) =>
        Add(ServiceProcess.Start($"{name}-{++_started}", project, arguments, [.. Development, .. settings]));

    /// <summary>Waits until all of them are ready.</summary>
    public static Task ReadyAsync(params ServiceProcess[] services) =>
        Task.WhenAll(services.Select(service => service.BecomesAsync(200)));

    public async ValueTask DisposeAsync()
    {
        foreach (var part in Enumerable.Reverse(_parts))
        {
            await part.DisposeAsync();
        }
    }

    private T Add<T>(T part)
        where T : IAsyncDisposable
    {
        _parts.Add(part);
        return part;
    }
}
