using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Seckill.LoadTests.Bench;
using Seckill.LoadTests.Client;
using Seckill.OrderService.Reservations;
using Seckill.Shared.Connections;
using Seckill.Shared.Stock;

namespace Seckill.Microbenchmarks;

/// <summary>The road of an order through one process, without HTTP: batcher, Redis, relay, RabbitMQ; the real servers.</summary>
public class BatcherBenchmarks
{
    private const int EnoughUnits = 100_000_000;
    private IHost _host = null!;
    private HttpClient _http = null!;
    private ReservationBatcher _batcher = null!;
    private Task<ReservationResult>[] _waiting = null!;
    private ItemLane _lane = null!;
    private Task? _ready;
    private long _nextUser;

    /// <summary>Buyers who click together.</summary>
    [Params(1, 32, 512)]
    public int Together { get; set; }

    /// <summary>Time and bytes of as many orders as buyers click together.</summary>
    [Benchmark]
    public async Task AcceptedOrders()
    {
        // Here, because the in-process toolchain does not await a set-up.
        await (_ready ??= SetUpAsync());
        for (var i = 0; i < Together; i++)
        {
            _waiting[i] = _batcher.ReserveAsync(_lane, ++_nextUser, 1, null, CancellationToken.None).AsTask();
        }

        foreach (var result in await Task.WhenAll(_waiting))
        {
            if (result.Outcome != ReserveOutcome.Reserved)
            {
                throw new InvalidOperationException($"An order was not accepted: {result.Outcome}.");
            }
        }
    }

    /// <summary>Ends the host.</summary>
    [GlobalCleanup]
    public void CleanUp()
    {
        _host.Dispose();
        _http.Dispose();
    }

    private async Task SetUpAsync()
    {
        if (!LoadTarget.TryRead(Environment.GetEnvironmentVariable, needsStores: true, out var target, out var problem))
        {
            throw new InvalidOperationException(problem);
        }

        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        // The worker may fall behind for a while; that is not measured here.
        builder.Configuration["Reservations:OutboxBound"] = "10000000";
        builder.Services.AddSingleton(TimeProvider.System);
        builder.AddConnections(databaseIsEssential: false, brokerIsEssential: false);
        builder.AddStock();
        builder.AddMessaging();
        builder.AddReservations();
        _host = builder.Build();
        await _host.StartAsync();
        _batcher = _host.Services.GetRequiredService<ReservationBatcher>();
        _http = new HttpClient();
        await using var site = await BenchSite.ConnectAsync(target, _http);
        var item = new ItemKey((await site.OpenSaleAsync(EnoughUnits, CancellationToken.None)).SaleId, BenchSite.SkuId);
        _lane = (await _batcher.OpenAsync(item))!;
        _waiting = new Task<ReservationResult>[Together];
    }
}
