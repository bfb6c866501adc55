using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Seckill.OrderService.Reservations;
using Seckill.Shared.Connections;
using Seckill.Shared.Stock;
using Seckill.Tests.Harness.Processes;
using StackExchange.Redis;

namespace Seckill.OrderService.Tests.Reservations;

/// <summary>The road from click to queue as the service registers it, without HTTP, behind a relay that can hold back replies.</summary>
internal sealed class BatcherHost : IAsyncDisposable
{
    private readonly IHost _host;

    private BatcherHost(IHost host, FreezableRelay relay) => (_host, Relay) = (host, relay);

    public FreezableRelay Relay { get; }

    public ReservationBatcher Batcher => _host.Services.GetRequiredService<ReservationBatcher>();

    public IConnectionMultiplexer Redis => _host.Services.GetRequiredService<IConnectionMultiplexer>();

    // A call that times out is tested where it matters; elsewhere a busy machine must not change an outcome.
    public static Task<BatcherHost> StartAsync(params (string Name, string Value)[] settings) =>
        StartWithAsync(",asyncTimeout=60000", settings);

    public static async Task<BatcherHost> StartWithAsync(string redisOptions, params (string Name, string Value)[] settings)
    {
        var relay = new FreezableRelay(Servers.RedisConnection);
        var builder = Host.CreateApplicationBuilder();
        builder.Environment.EnvironmentName = Environments.Development;
        builder.Logging.ClearProviders();
        builder.Configuration["Reservations:TimeoutMilliseconds"] = "60000";
        builder.Configuration.AddInMemoryCollection(
            settings.Append(("ConnectionStrings:Redis", relay.Address + redisOptions))
                .Select(setting => KeyValuePair.Create(setting.Item1, (string?)setting.Item2)));
        builder.Services.AddSingleton(TimeProvider.System);
        builder.AddConnections(databaseIsEssential: false, brokerIsEssential: false);
        builder.AddStock();
        builder.AddMessaging();
        builder.AddReservations();
        var host = builder.Build();
        await host.StartAsync().InTime();
        return new BatcherHost(host, relay);
    }

    public async Task<ReservationResult> ReserveAsync(
        TestItem item, long userId, int quantity = 1, string? key = null, CancellationToken cancellationToken = default) =>
        (Batcher.Find(item.Key) ?? await Batcher.OpenAsync(item.Key)) is { } lane
            ? await Batcher.ReserveAsync(lane, userId, quantity, key, cancellationToken)
            : new ReservationResult(ReserveOutcome.UnknownItem);

    /// <summary>Makes the item known to this instance, so that the next request goes straight to its queue.</summary>
    public async Task ReserveFirstAsync(TestItem item, long userId) =>
        Assert.Equal(ReserveOutcome.Reserved, (await ReserveAsync(item, userId).InTime()).Outcome);

    public Task StopAsync() => _host.StopAsync().InTime();

    public async ValueTask DisposeAsync()
    {
        await Relay.DisposeAsync();
        await _host.StopAsync().InTime();
        _host.Dispose();
    }
}
