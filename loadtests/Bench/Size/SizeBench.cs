using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using Seckill.LoadTests.Client;
using Seckill.LoadTests.Engine;
using Spectre.Console;

namespace Seckill.LoadTests.Bench.Size;

/// <summary>
/// One item with very many live orders: what it costs Redis, how long audit, rebuild, AOF rewrite, restart and sell-out take, and what the
/// buyers of another item on the same Redis see meanwhile.
/// </summary>
/// <param name="session">The system.</param>
public sealed class SizeBench(BenchSession session)
{
    // Left for the sell-out.
    private const int LastUnits = 2_000;
    private const long EnoughUnits = 100_000_000;
    private const double OtherPerSecond = 300;
    // Strangers click at the sell-out: none of them holds a unit.
    private const int FirstHolder = 1_000_000_000;
    private const int Megabyte = 1024 * 1024;
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan s_afterSellOut = TimeSpan.FromSeconds(5);
    private readonly Uri _orders = new(BenchVariables.Address("BENCH_API"), "orders");

    /// <summary>Runs, prints and writes <c>size.md</c>, again after each size.</summary>
    /// <returns>An exit code.</returns>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        using var http = new HttpClient { BaseAddress = session.Target.Inventory, Timeout = Timeout.InfiniteTimeSpan };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", session.Target.OpsKey);
        await using var filler = await LifeOrders.ConnectAsync(session.Target);
        await using var redis = await RedisProbe.ConnectAsync(session.Target.Redis);
        List<SizeResult> results = [];
        List<string> wrong = [];
        var other = await session.Site.OpenSaleAsync(EnoughUnits, cancellationToken);
        // Code is compiled, and connections are opened.
        await BesideAsync(other, () => Task.Delay(TimeSpan.FromSeconds(session.Options.Seconds), cancellationToken), cancellationToken);
        foreach (var holds in session.Options.Holds)
        {
            var sale = await session.Site.OpenSaleAsync(holds + LastUnits, cancellationToken);
            results.Add(await MeasureAsync(sale, holds, other, (filler, redis, http), wrong, cancellationToken));
            await new SizeReport(await session.OriginAsync(), OtherPerSecond, results, wrong)
                .WriteAsync(session.Console, session.Options.Output);
            await (holds == session.Options.Holds[^1] ? Task.CompletedTask : session.Site.Stores.ForgetAsync(sale));
        }

        return session.Conclude(wrong);
    }

    private async Task<SizeResult> MeasureAsync(
        Sale sale, int holds, Sale other, (LifeOrders Filler, RedisProbe Redis, HttpClient Http) with, List<string> wrong,
        CancellationToken cancellationToken)
    {
        var (filler, redis, http) = with;
        var before = await redis.InfoAsync("used_memory");
        var startedAt = Stopwatch.GetTimestamp();
        await filler.FillAsync(sale, holds, FirstHolder, cancellationToken);
        var fill = Stopwatch.GetElapsedTime(startedAt).TotalSeconds;
        Say($"{holds:N0} holds in {fill:0.0} s");
        await DrainAsync(sale, cancellationToken);
        var memory = await redis.InfoAsync("used_memory") - before;
        var keys = new List<(string, long)>();
        foreach (var key in (string[])["holds", "buyers", "orders", "keys"])
        {
            keys.Add((key, await redis.BytesAsync(Key(sale, key))));
        }

        var others = new List<(string, Beside)>();
        async Task MeanwhileAsync(string what, Func<Task> work)
        {
            var beside = await BesideAsync(other, work, cancellationToken);
            others.Add((what, beside));
            Say($"{what}: {beside.Seconds:0.0} s; the other item: p99 {beside.P99Milliseconds:0.0} ms, {beside.Unavailable:N0} errors");
        }

        await MeanwhileAsync("nothing", () => Task.Delay(TimeSpan.FromSeconds(session.Options.Seconds), cancellationToken));
        await MeanwhileAsync("audit", async () =>
        {
            var audit = await AskAsync(http, HttpMethod.Post, $"sales/{sale.SaleId}/audit", cancellationToken);
            if (!audit.GetProperty("balanced").GetBoolean())
            {
                wrong.Add($"The audit of {holds} holds finds broken equations.");
            }
        });
        await MeanwhileAsync("rebuild", () => RebuildAsync(http, sale, cancellationToken));
        var (log, logLoad) = (await redis.InfoAsync("aof_current_size"), await redis.LoadTimeAsync(cancellationToken));
        AofRewrite rewrite = null!;
        await MeanwhileAsync("AOF rewrite", async () => rewrite = await redis.RewriteAsync(cancellationToken));
        var (snapshot, snapshotLoad) = (await redis.InfoAsync("aof_current_size"), await redis.LoadTimeAsync(cancellationToken));
        SellOut sellOut = null!;
        await MeanwhileAsync("sell-out", async () => sellOut = await SellOutAsync(sale, redis, cancellationToken));
        wrong.AddRange(await CheckAsync(sale, redis, holds + LastUnits, cancellationToken));
        return new SizeResult(
            holds, fill, memory, keys, log / Megabyte, logLoad, rewrite, snapshot / Megabyte, snapshotLoad, sellOut, others);
    }

    // A steady rate of another item's orders, from before the work to its end.
    private async Task<Beside> BesideAsync(Sale other, Func<Task> work, CancellationToken cancellationToken)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var hours = new Arrivals([new Phase(OtherPerSecond, OtherPerSecond, 86_400)]);
        var selling = new EngineLoad(session.Tokens, session.Options.Connections).RunAsync(
            _orders, other.SaleId, BenchSite.SkuId, engine => engine.RunOpenAsync(hours, over.Token), cancellationToken);
        var startedAt = Stopwatch.GetTimestamp();
        await work();
        var took = Stopwatch.GetElapsedTime(startedAt).TotalSeconds;
        await over.CancelAsync();
        return Beside.Of(took, (await selling).Tally);
    }

    private async Task<SellOut> SellOutAsync(Sale sale, RedisProbe redis, CancellationToken cancellationToken)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var clicking = new EngineLoad(session.Tokens, session.Options.Connections).RunAsync(
            _orders, sale.SaleId, BenchSite.SkuId,
            engine => engine.RunClosedAsync(session.Options.Connections, TimeSpan.MaxValue, TimeSpan.FromMilliseconds(100), over.Token),
            cancellationToken);
        var startedAt = Stopwatch.GetTimestamp();
        while (await redis.FieldAsync(Key(sale, "item"), "available") > 0)
        {
            await Task.Delay(s_pause, cancellationToken);
        }

        var took = Stopwatch.GetElapsedTime(startedAt).TotalSeconds;
        await Task.Delay(s_afterSellOut, cancellationToken);
        await over.CancelAsync();
        var (tally, _) = await clicking;
        return new SellOut(
            took, tally.Count(outcome => outcome == Outcome.Accepted),
            tally.Count(outcome => outcome == Outcome.Refusal(RefusalCode.SoldOut)), tally.Count(outcome => outcome.IsError));
    }

    private async Task DrainAsync(Sale sale, CancellationToken cancellationToken)
    {
        while (await session.Site.Stores.BacklogAsync(sale) > 0)
        {
            await Task.Delay(s_pause, cancellationToken);
        }
    }

    // Counted, because millions of rows and holds are too many to compare one by one here.
    private async Task<string[]> CheckAsync(Sale sale, RedisProbe redis, int units, CancellationToken cancellationToken)
    {
        await DrainAsync(sale, cancellationToken);
        var (item, rows) = (Key(sale, "item"), await session.Site.Stores.CountAsync("orders", sale.SaleId));
        var (available, held) = (await redis.FieldAsync(item, "available"), await redis.FieldAsync(item, "held"));
        return (available, held, rows) == (0, units, units) ? []
            : [$"{units} units: {available} are available, {held} held, and there are {rows} orders."];
    }

    // Answered when it is done, or at once, and then it is looked at until it is done.
    private static async Task RebuildAsync(HttpClient http, Sale sale, CancellationToken cancellationToken)
    {
        var path = $"sales/{sale.SaleId}/rebuild";
        var rebuild = await AskAsync(http, HttpMethod.Post, path, cancellationToken);
        while (rebuild.TryGetProperty("state", out var state) && state.GetString() is "waiting" or "queued" or "started" or "running")
        {
            await Task.Delay(s_pause, cancellationToken);
            rebuild = await AskAsync(http, HttpMethod.Get, path, cancellationToken);
        }
    }

    private static async Task<JsonElement> AskAsync(
        HttpClient http, HttpMethod method, string path, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, path);
        using var response = await http.SendAsync(request, cancellationToken);
        var body = await response.Content.ReadAsStringAsync(cancellationToken);
        return response.IsSuccessStatusCode
            ? JsonSerializer.Deserialize<JsonElement>(body) : throw new HttpRequestException($"{path} answered {body}");
    }

    private static string Key(Sale sale, string part) =>
        string.Create(CultureInfo.InvariantCulture, $$"""seckill:{{{sale.SaleId}}:{{BenchSite.SkuId}}}:{{part}}""");

    private void Say(FormattableString text) => session.Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
