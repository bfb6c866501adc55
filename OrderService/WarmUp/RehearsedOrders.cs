using System.Globalization;
using System.Runtime;
using System.Text;
using MassTransit;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.Extensions.Logging.Abstractions;
using Seckill.OrderService.Overload;
using Seckill.OrderService.Reservations;
using Seckill.OrderService.Storefront;
using Seckill.Shared.Security;

namespace Seckill.OrderService.WarmUp;

/// <summary>
/// (1)(2)(3)(4)(5) A rush of orders of an item that is in no sale, over HTTP from the process to itself. Everything on the way is that of a
/// sale, but for the rate limits, the metrics and the exchange, which are its own.
/// </summary>
internal sealed class RehearsedOrders(IServiceProvider services, StockLedger stock, ReservationBatcher batcher, TimeProvider clock)
    : IRehearsal
{
    // The runtime compiles a method again after thirty calls: as many connections in a wave, and as many batches in a few.
    private const int Connections = 32;
    private const int OrdersOfAConnection = 16;
    private const int Users = 8 * Connections;
    private const int MostWaves = 20;
    private const int FewMethods = 8;
    private const int QuietWaves = 2;

    // The runtime compiles hot code again once no new method was called for a tenth of a second.
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(130);
    private static readonly TimeSpan s_life = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_pauseWithoutRedis = TimeSpan.FromMilliseconds(100);
    private volatile PlaceOrderEndpoint? _endpoint;

    /// <summary>The path that takes the orders.</summary>
    public string Path { get; } = $"/warm-up/{Guid.NewGuid():N}";

    /// <summary>A click of the rehearsal; otherwise nothing is here.</summary>
    public Task PlaceAsync(HttpContext http)
    {
        if (_endpoint is { } endpoint)
        {
            return endpoint.PlaceAsync(http);
        }

        http.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var item = RehearsedItem.New();
        var address = OwnConnection.AddressOf(
            services.GetRequiredService<IServer>(), services.GetRequiredService<ManagementListener>());
        await OpenAsync(item, cancellationToken);
        // A meter that nothing listens to.
        using var meter = new Meter("Seckill.WarmUp");
        var metrics = new ReservationMetrics(meter);
        using var rehearsal = batcher.Rehearse(item.Item, NewRelay(metrics));
        _endpoint = NewEndpoint(metrics);
        try
        {
            await RushAsync(address, Requests(item.Item, address), cancellationToken);
        }
        finally
        {
            _endpoint = null;
            await stock.EndRehearsalAsync(item);
        }
    }

    private async Task OpenAsync(ItemKeys item, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await stock.RehearseAsync(item, RehearsedItem.Planned(clock.GetUtcNow()), s_life);
                return;
            }
            catch (Exception exception) when (exception is StackExchange.Redis.RedisException or TimeoutException)
            {
                await Task.Delay(s_pauseWithoutRedis, cancellationToken);
            }
        }
    }

    private static async Task RushAsync(Uri address, byte[][] requests, CancellationToken cancellationToken)
    {
        var (compiled, quiet) = (JitInfo.GetCompiledMethodCount(), 0);
        for (var wave = 0; wave < MostWaves && quiet < QuietWaves; wave++)
        {
            await Task.WhenAll(Enumerable.Range(0, Connections).Select(async number =>
            {
                using var connection = await OwnConnection.OpenAsync(address, cancellationToken);
                for (var order = 0; order < OrdersOfAConnection; order++)
                {
                    var status = await connection.SendAsync(requests[(number + (order * Connections)) % Users], cancellationToken);
                    if (status is not (StatusCodes.Status202Accepted or StatusCodes.Status409Conflict))
                    {
                        throw new InvalidOperationException(string.Create(
                            CultureInfo.InvariantCulture, $"a rehearsed order was answered with {status}"));
                    }
                }
            }));
            await Task.Delay(s_pause, cancellationToken);
            var now = JitInfo.GetCompiledMethodCount();
            quiet = now - compiled < FewMethods ? quiet + 1 : 0;
            compiled = now;
        }
    }

    private OutboxRelay NewRelay(ReservationMetrics metrics) => ActivatorUtilities.CreateInstance<OutboxRelay>(
        services, metrics, NullLogger<OutboxRelay>.Instance,
        new OrdersReservedPublisher(services.GetRequiredService<IBus>(), services.GetRequiredService<MessageSignature>())
        {
            Exchange = BrokerClient.NoQueue,
        });

    private PlaceOrderEndpoint NewEndpoint(ReservationMetrics metrics)
    {
        const int NoLimit = 1_000_000;
        var limits = Options.Create(new RateLimitOptions
        {
            UserBurst = NoLimit, UserPerSecond = NoLimit, AddressBurst = NoLimit, AddressPerSecond = NoLimit,
        });
        return ActivatorUtilities.CreateInstance<PlaceOrderEndpoint>(
            services, ActivatorUtilities.CreateInstance<BuyerGuard>(services, limits),
            ActivatorUtilities.CreateInstance<PlaceOrderAnswer>(services, metrics), new OverloadController(new OverloadOptions()));
    }

    // Most are accepted, some repeat the order of their key, and a few ask for more than there is.
    private byte[][] Requests(ItemKey item, Uri address)
    {
        var token = services.GetRequiredService<BuyerToken>();
        return
        [
            .. Enumerable.Range(1, Users).Select(user =>
            {
                var quantity = user % 16 == 0 ? RehearsedItem.Units + 1 : 1;
                var body = string.Create(
                    CultureInfo.InvariantCulture, $$"""{"saleId":{{item.SaleId}},"skuId":{{item.SkuId}},"quantity":{{quantity}}}""");
                var key = user % 4 == 1 ? $"Idempotency-Key: {user}\r\n" : "";
                return Encoding.ASCII.GetBytes(string.Create(
                    CultureInfo.InvariantCulture,
                    $"POST {Path} HTTP/1.1\r\nHost: {address.Authority}\r\nAuthorization: Bearer {token.Sign(user, s_life)}\r\n{key}"
                    + $"Content-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n{body}"));
            }),
        ];
    }
}
