using System.Diagnostics;
using System.Globalization;
using Seckill.LoadTests.Bench.Size;
using Seckill.LoadTests.Client;
using Seckill.LoadTests.Engine;
using Seckill.LoadTests.Results;
using Seckill.Shared.WaitingRoom;
using Spectre.Console;
using StackExchange.Redis;
using Recorder = Seckill.LoadTests.Engine.Recorder;

namespace Seckill.LoadTests.Bench.Rooms;

/// <summary>
/// A waiting room with very many buyers: what a place costs Redis, how fast buyers register, how long the draw takes, and polls against
/// an endpoint that knows nothing. In turns, because the load of a shared machine varies.
/// </summary>
/// <param name="session">The system.</param>
public sealed class RoomBench(BenchSession session)
{
    private const int Together = 512;
    private const int WarmUpSeconds = 3;
    private static readonly SaleRoom s_room = new(AdmitPerSecond: 1, PassSeconds: 600);
    private static readonly TimeSpan s_later = TimeSpan.FromHours(1);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan s_longestDraw = TimeSpan.FromMinutes(1);
    private readonly Uri _api = BenchVariables.Address("BENCH_API");
    private readonly Uri _empty = BenchVariables.Address("BENCH_EMPTY");

    /// <summary>Runs, prints and writes <c>waiting-room.md</c>, again after each size.</summary>
    /// <returns>An exit code.</returns>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        if (!WrkLoad.IsInstalled)
        {
            throw new InvalidOperationException("Polls are measured with wrk (Debian: wrk).");
        }

        var tokens = await session.WriteTokensAsync(cancellationToken);
        var polls = new WrkLoad(tokens, session.Options.Connections, "GET");
        await using var redis = await RedisProbe.ConnectAsync(session.Target.Redis);
        await using var connection = await ConnectionMultiplexer.ConnectAsync(session.Target.Redis);
        var rooms = new RoomLedger(connection);
        var registrations = await RegisterOverHttpAsync(cancellationToken);
        session.Console.WriteLine($"{Amount.Text(registrations)} registrations a second over HTTP");
        List<RoomResult> results = [];
        List<string> wrong = [];
        foreach (var places in session.Options.Holds)
        {
            results.Add(await MeasureAsync(places, redis, rooms, polls, wrong, cancellationToken));
            await new RoomReport(await session.OriginAsync(), polls.Name, registrations, results, wrong)
                .WriteAsync(session.Console, session.Options.Output);
        }

        return session.Conclude(wrong);
    }

    private async Task<RoomResult> MeasureAsync(
        int places, RedisProbe redis, RoomLedger rooms, WrkLoad polls, List<string> wrong, CancellationToken cancellationToken)
    {
        var sale = await session.Site.OpenSaleAsync(places, cancellationToken, s_room, s_later);
        var before = await redis.InfoAsync("used_memory");
        var startedAt = Stopwatch.GetTimestamp();
        foreach (var users in Enumerable.Range(1, places).Chunk(Together))
        {
            await rooms.RegisterAsync(
                sale.SaleId, [.. users.Select(user => new RoomRegistration(user, RoomRegistration.Keeps, ""))]);
        }

        var perSecond = places / Stopwatch.GetElapsedTime(startedAt).TotalSeconds;
        var bytes = (await redis.InfoAsync("used_memory") - before) / places;
        session.Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{places:N0} places: {bytes:0} bytes each, {perSecond:N0} registered a second by the script"));
        // As if the sale began now.
        await rooms.WarmAsync(new RoomPlan(
            sale.SaleId, null, TimeProvider.System.GetUtcNow(), s_room.AdmitPerSecond, s_room.PassSeconds, 0, 0, null, null, RoomMode.Open,
            2));
        var (root, seed) = await DrawAsync(sale, places, redis, wrong, cancellationToken);
        session.Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"root after {root:0.00} s, seed after {seed:0.00} s"));
        var path = string.Create(CultureInfo.InvariantCulture, $"sales/{sale.SaleId}/queue");
        var (polled, empty) = (new List<double>(), new List<double>());
        await polls.RunAsync(new Uri(_api, path), sale.SaleId, BenchSite.SkuId, WarmUpSeconds, cancellationToken);
        await polls.RunAsync(new Uri(_empty, path), sale.SaleId, BenchSite.SkuId, WarmUpSeconds, cancellationToken);
        for (var round = 1; round <= session.Options.Rounds; round++)
        {
            polled.Add(await PollAsync(new Uri(_api, path)));
            empty.Add(await PollAsync(new Uri(_empty, path)));
            session.Console.WriteLine($"round {round}  polls {Amount.Text(polled[^1])}/s  empty {Amount.Text(empty[^1])}/s");
        }

        return new RoomResult(places, bytes, perSecond, root, seed, polled, empty);

        async Task<double> PollAsync(Uri url)
        {
            var run = await polls.RunAsync(url, sale.SaleId, BenchSite.SkuId, session.Options.Seconds, cancellationToken);
            if (run.Refused + run.Failed > 0)
            {
                wrong.Add($"{run.Refused + run.Failed} polls at {url} were not answered.");
            }

            return run.PerSecond;
        }
    }

    // Each buyer once, through an API.
    private async Task<double> RegisterOverHttpAsync(CancellationToken cancellationToken)
    {
        var sale = await session.Site.OpenSaleAsync(1, cancellationToken, s_room, s_later);
        var recorder = new Recorder();
        using var pool = new ClientPool([_api], session.Options.Connections, TimeSpan.FromSeconds(10), cancellationToken);
        var shop = new Shop(pool, recorder);
        var path = string.Create(CultureInfo.InvariantCulture, $"sales/{sale.SaleId}/queue");
        var engine = new LoadEngine(recorder, async (number, due) => await shop.AskAsync(
            new ShopRequest(Step.Register, path, [("Authorization", "Bearer " + session.Tokens[(int)number])]), due, isArrival: true));
        await engine.RunClosedAsync(
            session.Options.Connections, TimeSpan.MaxValue, TimeSpan.Zero, cancellationToken, session.Tokens.Count);
        var elapsed = Stopwatch.GetElapsedTime(engine.StartedAt).TotalSeconds;
        engine.ThrowIfBroken();
        var answered = recorder.Total.Count(Step.Register, Outcome.Answered);
        return answered == session.Tokens.Count
            ? answered / elapsed
            : throw new InvalidOperationException($"{session.Tokens.Count - answered} registrations were refused or not answered.");
    }

    // Times of Redis: from the moment at which the participants were fixed.
    private static async Task<(double Root, double Seed)> DrawAsync(
        Sale sale, int places, RedisProbe redis, List<string> wrong, CancellationToken cancellationToken)
    {
        var room = string.Create(CultureInfo.InvariantCulture, $"seckill:{{room:{sale.SaleId}}}:room");
        var startedAt = Stopwatch.GetTimestamp();
        while (await redis.FieldAsync(room, "seed_at") == 0)
        {
            if (Stopwatch.GetElapsedTime(startedAt) > s_longestDraw)
            {
                throw new InvalidOperationException("The draw was not made within a minute.");
            }

            await Task.Delay(s_pause, cancellationToken);
        }

        if (await redis.FieldAsync(room, "sealed") != places)
        {
            wrong.Add($"{await redis.FieldAsync(room, "sealed")} of {places} places took part in the draw.");
        }

        return (await SinceSealedAsync("root_at"), await SinceSealedAsync("seed_at"));

        async Task<double> SinceSealedAsync(string field) =>
            (await redis.FieldAsync(room, field) - await redis.FieldAsync(room, "sealed_at")) / 1000.0;
    }
}
