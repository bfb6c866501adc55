using System.Diagnostics;
using System.Globalization;
using Seckill.LoadTests.Client;
using Seckill.LoadTests.Client;
using Seckill.LoadTests.Results;
using Seckill.Shared.Security;
using Spectre.Console;

namespace Seckill.LoadTests.Bench.DualWrite;

/// <summary>
/// What the legacy database costs, how soon it has what a buyer was told, and how it catches up. Every round takes the variants in
/// turns: ours alone, both, and two inserts for each order; then the accept load with the dual write on. One outage ends the run.
/// </summary>
/// <param name="target">The system.</param>
/// <param name="options">How much.</param>
/// <param name="console">For people.</param>
public sealed class DualWriteBench(LoadTarget target, BenchOptions options, IAnsiConsole console)
{
    private const int OrdersPerSecond = 20_000;
    private const long EnoughUnits = 100_000_000;
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(5);

    /// <summary>Runs, prints and writes the report.</summary>
    /// <returns>An exit code.</returns>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var legacy = BenchVariables.Required("ConnectionStrings__Legacy");
        var rabbitMq = BenchVariables.Required("ConnectionStrings__RabbitMq");
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(30) };
        await using var site = await BenchSite.ConnectAsync(target, http);
        await using var stores = new DualWriteStores(target.Orders, legacy);
        using var control = new DualWriteClient(target.Apis[0], target.OpsKey);
        await using var orders = await LifeOrders.ConnectAsync(target.Redis, target.Orders, rabbitMq);
        var tokenFile = Path.Combine(Path.GetTempPath(), $"seckill-bench-{Environment.ProcessId}");
        try
        {
            var signer = new BuyerToken(target.BuyerTokenKey, TimeProvider.System);
            string[] tokens = [.. Enumerable.Range(1, options.Buyers).Select(user => signer.Sign(user, TimeSpan.FromHours(24)))];
            await File.WriteAllLinesAsync(tokenFile, tokens, cancellationToken);
            ILoadGenerator load = WrkLoad.IsInstalled
                ? new WrkLoad(tokenFile, options.Connections) : new HttpLoad(tokens, options.Connections);
            var rounds = new List<DualWriteRound>();
            // The first is a warm-up.
            for (var round = 0; round <= options.Rounds; round++)
            {
                var ours = await PersistAsync(site, stores, control, orders, "off", cancellationToken);
                var both = await PersistAsync(site, stores, control, orders, "shadow", cancellationToken);
                var oneByOne = await InsertTwiceAsync(site, stores, control, legacy, 1, cancellationToken);
                // As many as a worker persists messages at once.
                var sideBySide = await InsertTwiceAsync(site, stores, control, legacy, 4, cancellationToken);
                var follow = await FollowAsync(site, stores, control, load, options.Seconds, cancellationToken);
                var result = new DualWriteRound(ours.Placed, both.Placed, both.Verified, oneByOne, sideBySide, follow);
                Say(round == 0 ? "warm-up" : $"round {round} of {options.Rounds}", result);
                if (round > 0)
                {
                    rounds.Add(result);
                }
            }

            var outage = await EndureAsync(site, stores, control, load, cancellationToken);
            var report = new DualWriteReport(
                TimeProvider.System.GetUtcNow(), BenchVariables.Read("BENCH_COMMAND", "./seckill bench dual-write"),
                BenchVariables.Read("BENCH_COMMIT", "unknown"), await Machine.ReadAsync(site.Stores, rabbitMq),
                load.Name, OrdersIn(options.Seconds), options.Seconds, rounds, outage);
            await report.WriteAsync(options.Output);
            report.Print(console, options.Output);
            return ExitCode.Right;
        }
        finally
        {
            await control.SwitchAsync("off", CancellationToken.None);
            File.Delete(tokenFile);
        }
    }

    /// <summary>Many orders at once, reserved beforehand, and how fast a worker gets them out of the way.</summary>
    /// <returns>Orders per second into our database, and until they were verified in the other.</returns>
    private async Task<(double Placed, double Verified)> PersistAsync(
        BenchSite site, DualWriteStores stores, DualWriteClient control, LifeOrders orders, string mode,
        CancellationToken cancellationToken)
    {
        var sale = await site.OpenSaleAsync(EnoughUnits, cancellationToken);
        await SwitchAsync(control, mode, cancellationToken);
        var count = OrdersIn(options.Seconds);
        var (startedAt, placed) = await orders.PersistAsync(sale, count, cancellationToken);
        await UntilAsync(async () => !await stores.WaitsAsync(), cancellationToken);
        var verified = TimeProvider.System.GetUtcNow().UtcDateTime - startedAt;
        await stores.CheckAsync(sale.SaleId, mode == "off" ? 0 : count);
        await ForgetAsync(site, stores, control, sale, cancellationToken);
        return (placed, count / verified.TotalSeconds);
    }

    private async Task<double> InsertTwiceAsync(
        BenchSite site, DualWriteStores stores, DualWriteClient control, string legacy, int atOnce, CancellationToken cancellationToken)
    {
        var sale = await site.OpenSaleAsync(EnoughUnits, cancellationToken);
        var perSecond = await TwoInserts.MeasureAsync(
            BenchVariables.Required("ConnectionStrings__RabbitMq"), target.Orders, legacy, sale.SaleId, atOnce,
            TimeSpan.FromSeconds(options.Seconds / 4.0));
        await ForgetAsync(site, stores, control, sale, cancellationToken);
        return perSecond;
    }

    /// <summary>The accept load at full speed, with the dual write on.</summary>
    private async Task<FollowResult> FollowAsync(
        BenchSite site, DualWriteStores stores, DualWriteClient control, ILoadGenerator load, int seconds,
        CancellationToken cancellationToken)
    {
        var sale = await site.OpenSaleAsync(EnoughUnits, cancellationToken);
        await SwitchAsync(control, "shadow", cancellationToken);
        await stores.RememberVerificationsAsync();
        FollowResult follow;
        try
        {
            var result = await load.RunAsync(
                new Uri(target.Apis[0], "orders"), sale.SaleId, BenchSite.SkuId, seconds, cancellationToken);
            await UntilDrainedAsync(site, stores, sale, cancellationToken);
            var (p50, p99, most) = await stores.DelaysAsync(sale.SaleId);
            follow = new FollowResult(result.Accepted / result.Seconds, p50, p99, most);
        }
        finally
        {
            await stores.ForgetVerificationsAsync();
        }

        await stores.CheckAsync(sale.SaleId, await site.Stores.CountAsync("orders", sale.SaleId));
        await ForgetAsync(site, stores, control, sale, cancellationToken);
        return follow;
    }

    /// <summary>The accept load while the legacy database refuses every connection; its return; the backlog.</summary>
    private async Task<OutageResult> EndureAsync(
        BenchSite site, DualWriteStores stores, DualWriteClient control, ILoadGenerator load, CancellationToken cancellationToken)
    {
        var sale = await site.OpenSaleAsync(EnoughUnits, cancellationToken);
        await SwitchAsync(control, "shadow", cancellationToken);
        console.WriteLine($"the legacy database is away for {options.OutageSeconds} s");
        await stores.RefuseAsync();
        LoadResult result;
        try
        {
            result = await load.RunAsync(
                new Uri(target.Apis[0], "orders"), sale.SaleId, BenchSite.SkuId, options.OutageSeconds, cancellationToken);
        }
        finally
        {
            await stores.AcceptAsync();
        }

        var startedAt = Stopwatch.GetTimestamp();
        var backlog = (await control.ReadAsync(cancellationToken)).Pending;
        await UntilDrainedAsync(site, stores, sale, cancellationToken);
        var drained = Stopwatch.GetElapsedTime(startedAt);
        await stores.CheckAsync(sale.SaleId, await site.Stores.CountAsync("orders", sale.SaleId));
        await ForgetAsync(site, stores, control, sale, cancellationToken);
        return new OutageResult(options.OutageSeconds, result.Accepted / result.Seconds, backlog, drained.TotalSeconds);
    }

    private static Task UntilDrainedAsync(BenchSite site, DualWriteStores stores, Sale sale, CancellationToken cancellationToken) =>
        UntilAsync(async () => await site.Stores.BacklogAsync(sale) == 0 && !await stores.WaitsAsync(), cancellationToken);

    /// <summary>Switches, and waits until the worker must know and the breaker is closed.</summary>
    private static async Task SwitchAsync(DualWriteClient control, string mode, CancellationToken cancellationToken)
    {
        await control.SwitchAsync(mode, cancellationToken);
        await Task.Delay(TimeSpan.FromSeconds(1), cancellationToken);
        if (mode != "off")
        {
            await UntilAsync(async () => (await control.ReadAsync(cancellationToken)).Breaker == "closed", cancellationToken);
        }
    }

    // Nothing may look for differences while rows go from one table and then from the other.
    private static async Task ForgetAsync(
        BenchSite site, DualWriteStores stores, DualWriteClient control, Sale sale, CancellationToken cancellationToken)
    {
        await SwitchAsync(control, "off", cancellationToken);
        await site.Stores.ForgetAsync(sale);
        await stores.ForgetAsync(sale.SaleId);
    }

    private static async Task UntilAsync(Func<Task<bool>> condition, CancellationToken cancellationToken)
    {
        var startedAt = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(startedAt) > s_patience)
            {
                throw new TimeoutException("The system does not come to rest.");
            }

            await Task.Delay(10, cancellationToken);
        }
    }

    private static int OrdersIn(int seconds) => seconds * OrdersPerSecond;

    private void Say(string which, DualWriteRound round) => console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{which}: persisted/s ours {Amount.Text(round.OursPerSecond)}, both {Amount.Text(round.PlacedPerSecond)} "
        + $"(verified {Amount.Text(round.VerifiedPerSecond)}), two inserts {Amount.Text(round.OneByOnePerSecond)}; "
        + $"at {Amount.Text(round.Follow.AcceptedPerSecond)} accepted/s 202 to verified p50 {round.Follow.P50Seconds:0.00} s, "
        + $"p99 {round.Follow.P99Seconds:0.00} s"));
}
