using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Seckill.LoadTests.Bench.Size;
using Seckill.LoadTests.Client;
using Seckill.Shared.Security;
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
    private readonly Uri _orders = new(BenchVariables.Address("BENCH_API"), "orders");
    private readonly Uri _payments = new(BenchVariables.Address("BENCH_API"), "payments");
    private readonly PaymentSignature _signature = new(session.Target.PaymentKey, TimeProvider.System);

    /// <summary>Runs, prints and writes <c>sales.md</c>.</summary>
    /// <returns>An exit code.</returns>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var count = session.Options.Holds[0];
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

    // Nobody opens it: the first order tells when it was open, by the clock of Redis.
    private async Task<double> OpenByItselfAsync(CancellationToken cancellationToken)
    {
        var opensAt = TimeProvider.System.GetUtcNow().AddSeconds(4);
        var sale = await session.Site.CreateSaleAsync(Units, opensAt, cancellationToken);
        DateTimeOffset? reservedAt = null;
        while (reservedAt is null)
        {
            using var answer = await OrderAsync(sale, 0, cancellationToken);
            reservedAt = answer.Status == HttpStatusCode.Accepted
                ? answer.Body.RootElement.GetProperty("reservedAt").GetDateTimeOffset() : null;
        }

        return (reservedAt.Value - opensAt).TotalMilliseconds;
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
                for (var buyer = 0; buyer < Units; buyer++)
                {
                    using var order = await OrderAsync(sale, buyer, stop);
                    var id = order.Body.RootElement.GetProperty("orderId").GetString()!;
                    await (buyer % 2 == 0 ? PayAsync(id, sale.Items[0].UnitPrice, stop) : CancelAsync(id, buyer, stop));
                }

                await session.Site.CloseAsync(sale, stop);
                await ArchiveAsync(sale, stop);
                if (Interlocked.Increment(ref done) % 100 == 0)
                {
                    session.Console.WriteLine($"{done} of {sales} sales are archived");
                }
            });
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

    private async Task<(HttpStatusCode Status, JsonDocument Body)> SendAsync(
        HttpRequestMessage request, CancellationToken cancellationToken)
    {
        using (request)
        {
            using var response = await session.Http.SendAsync(request, cancellationToken);
            return (response.StatusCode, JsonDocument.Parse(await response.Content.ReadAsStringAsync(cancellationToken)));
        }
    }

    private async Task<Answer> OrderAsync(Sale sale, int buyer, CancellationToken cancellationToken)
    {
        var (status, body) = await SendAsync(new HttpRequestMessage(HttpMethod.Post, _orders)
        {
            Headers = { Authorization = Buyer(buyer) },
            Content = new StringContent(
                string.Create(CultureInfo.InvariantCulture, $$"""{"saleId":{{sale.SaleId}},"skuId":{{BenchSite.SkuId}},"quantity":1}"""),
                Encoding.UTF8, "application/json"),
        }, cancellationToken);
        return new Answer(status, body);
    }

    private async Task PayAsync(string orderId, long amount, CancellationToken cancellationToken)
    {
        var body = string.Create(
            CultureInfo.InvariantCulture, $$"""{"paymentId":"{{orderId}}","orderId":"{{orderId}}","amount":{{amount}},"currency":"EUR"}""");
        await RightAsync(() => new HttpRequestMessage(HttpMethod.Post, _payments)
        {
            Headers = { { PaymentSignature.Header, _signature.Sign(body) } },
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
        }, cancellationToken);
    }

    private Task CancelAsync(string orderId, int buyer, CancellationToken cancellationToken) => RightAsync(
        () => new HttpRequestMessage(HttpMethod.Post, new Uri(_orders, $"orders/{orderId}/cancel"))
        {
            Headers = { Authorization = Buyer(buyer) },
        }, cancellationToken);

    // Again while the order cannot be changed yet.
    private async Task RightAsync(Func<HttpRequestMessage> request, CancellationToken cancellationToken)
    {
        while (true)
        {
            var (status, body) = await SendAsync(request(), cancellationToken);
            using (body)
            {
                switch (status)
                {
                    case HttpStatusCode.OK:
                        return;
                    case HttpStatusCode.ServiceUnavailable:
                        await Task.Delay(s_pause, cancellationToken);
                        continue;
                    default:
                        throw new InvalidOperationException($"Answered {(int)status}: {body.RootElement}");
                }
            }
        }
    }

    private AuthenticationHeaderValue Buyer(int buyer) => new("Bearer", session.Tokens[buyer]);

    private sealed record Answer(HttpStatusCode Status, JsonDocument Body) : IDisposable
    {
        public void Dispose() => Body.Dispose();
    }
}
