using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using Seckill.LoadTests.Bench.Size;
using Seckill.LoadTests.Client;
using Spectre.Console;

namespace Seckill.LoadTests.Bench.Sales;

/// <summary>
/// Very many sales, one after the other, from their creation to their archive: what they leave in Redis, what an idle system does for
/// them, and whether they make the audit of the next sale slower. Before that: how late a sale opens by itself.
/// </summary>
/// <param name="session">The system; its InventoryService opens created sales ahead of their window.</param>
public sealed class SalesBench(BenchSession session)
{
    private const int AtOnce = 4;
    private const int Units = 4;
    private const int WarmUps = 20;
    private const int Openings = 10;
    private const int Audits = 9;
    private static readonly TimeSpan s_idle = TimeSpan.FromSeconds(20);
    // Of the loops that look after open sales, and of what they have not yet put to rest.
    private static readonly TimeSpan s_calm = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan s_longestArchive = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);
    private readonly Uri _api = BenchVariables.Address("BENCH_API");
    private readonly HttpMessageInvoker _http = StorefrontClient.Connect(AtOnce);
    private readonly Buyer[] _buyers = session.Target.SignBuyers(Units);

    /// <summary>Runs, prints and writes <c>sales.md</c>.</summary>
    /// <returns>An exit code.</returns>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var count = session.Options.Holds[0];
        using var http = _http;
        await using var redis = await RedisProbe.ConnectAsync(session.Target.Redis);
        List<double> late = [];
        for (var opening = 0; opening < Openings; opening++)
        {
            late.Add(await OpenByItselfAsync(cancellationToken));
        }

        session.Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"opened {late.Max():0} ms late at most"));
        await LiveAsync(WarmUps, cancellationToken);
        var before = await LookAsync(redis, cancellationToken);
        var startedAt = Stopwatch.GetTimestamp();
        await LiveAsync(count, cancellationToken);
        var took = Stopwatch.GetElapsedTime(startedAt);
        var after = await LookAsync(redis, cancellationToken);
        await new SalesReport(await session.OriginAsync(), count, Units, took, late, before, after)
            .WriteAsync(session.Console, session.Options.Output);
        return session.Conclude([]);
    }

    // The first order tells when the sale was open, by the clock of Redis.
    private async Task<double> OpenByItselfAsync(CancellationToken cancellationToken)
    {
        var opensAt = TimeProvider.System.GetUtcNow().AddSeconds(4);
        var sale = await session.Site.CreateSaleAsync(Units, opensAt, cancellationToken);
        using var shop = Shop(cancellationToken);
        while ((await OrderAsync(shop, sale, _buyers[0].Authorization)).OrderId is null)
        {
            cancellationToken.ThrowIfCancellationRequested();
        }

        var body = new Utf8JsonReader(shop.Body);
        using var order = JsonDocument.ParseValue(ref body);
        return (order.RootElement.GetProperty("reservedAt").GetDateTimeOffset() - opensAt).TotalMilliseconds;
    }

    // Of each sale two orders are paid and two are cancelled.
    private async Task LiveAsync(int sales, CancellationToken cancellationToken)
    {
        var done = 0;
        await Parallel.ForEachAsync(
            Enumerable.Range(0, sales), new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken },
            async (_, stop) =>
            {
                var sale = await session.Site.OpenSaleAsync(Units, stop);
                using var shop = Shop(stop);
                foreach (var (number, buyer) in _buyers.Index())
                {
                    await BuyAsync(shop, sale, buyer, pays: number % 2 == 0, stop);
                }

                await session.Site.CloseAsync(sale, stop);
                await ArchiveAsync(sale, stop);
                if (Interlocked.Increment(ref done) % 100 == 0)
                {
                    session.Console.WriteLine($"{done} of {sales} sales are archived");
                }
            });
    }

    private async Task BuyAsync(StorefrontClient shop, Sale sale, Buyer buyer, bool pays, CancellationToken cancellationToken)
    {
        var answer = await OrderAsync(shop, sale, buyer.Authorization);
        var order = answer.OrderId ?? throw new InvalidOperationException($"An order was answered {answer.Code}.");
        if (pays)
        {
            var (headers, json) = PaymentNotification.Sign(
                order, order, sale.Items[0].UnitPrice, sale.Items[0].Currency, session.Target.PaymentKey);
            await RightAsync(shop, PaymentNotification.Path, headers, json, cancellationToken);
        }
        else
        {
            await RightAsync(shop, $"orders/{order}/cancel", [("Authorization", buyer.Authorization)], null, cancellationToken);
        }
    }

    private async Task<IdleState> LookAsync(RedisProbe redis, CancellationToken cancellationToken)
    {
        await Task.Delay(s_calm, cancellationToken);
        await redis.RewriteAsync(cancellationToken);
        var (commands, since) = (await redis.InfoAsync("total_commands_processed"), Stopwatch.GetTimestamp());
        await Task.Delay(s_idle, cancellationToken);
        var perSecond = (await redis.InfoAsync("total_commands_processed") - commands) / Stopwatch.GetElapsedTime(since).TotalSeconds;
        var (bytes, keys) = (await redis.InfoAsync("used_memory_dataset"), await redis.KeysAsync());
        var sale = await session.Site.OpenSaleAsync(Units, cancellationToken);
        List<double> audits = [];
        for (var audit = 0; audit < Audits; audit++)
        {
            var startedAt = Stopwatch.GetTimestamp();
            await session.Site.AuditAsync(sale, cancellationToken);
            audits.Add(Stopwatch.GetElapsedTime(startedAt).TotalMilliseconds);
        }

        await session.Site.CloseAsync(sale, cancellationToken);
        await ArchiveAsync(sale, cancellationToken);
        return new IdleState(perSecond, bytes, keys, audits);
    }

    private async Task ArchiveAsync(Sale sale, CancellationToken cancellationToken)
    {
        var startedAt = Stopwatch.GetTimestamp();
        while (await session.Site.TryArchiveAsync(sale, cancellationToken) is { } reasons)
        {
            if (Stopwatch.GetElapsedTime(startedAt) > s_longestArchive)
            {
                throw new InvalidOperationException($"Sale {sale.SaleId} cannot be archived: {reasons}");
            }

            await Task.Delay(s_pause, cancellationToken);
        }
    }

    // Again while the order cannot be changed yet.
    private static async Task RightAsync(
        StorefrontClient shop, string path, IReadOnlyList<(string Name, string Value)> headers, byte[]? json,
        CancellationToken cancellationToken)
    {
        (HttpStatusCode? Status, string? Failure) answer;
        while ((answer = await shop.AskAsync(0, HttpMethod.Post, path, headers, json)).Status == HttpStatusCode.ServiceUnavailable)
        {
            await Task.Delay(s_pause, cancellationToken);
        }

        if (answer.Status != HttpStatusCode.OK)
        {
            throw new InvalidOperationException($"{path} was answered {answer.Status}{answer.Failure}.");
        }
    }

    private static Task<OrderAnswer> OrderAsync(StorefrontClient shop, Sale sale, string authorization) =>
        shop.PlaceAsync(0, authorization, new OrderRequest(sale.SaleId, sale.Items[0], 1), key: null);

    private StorefrontClient Shop(CancellationToken cancellationToken) => new(_http, [_api], cancellationToken);
}
