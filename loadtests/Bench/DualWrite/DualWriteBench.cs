using System.Diagnostics;
using System.Globalization;
using Seckill.LoadTests.Client;
using Seckill.LoadTests.Results;
using Spectre.Console;

namespace Seckill.LoadTests.Bench.DualWrite;

/// <summary>
/// The cost of the legacy write, its lag, and its recovery. Every round takes the variants in turns: the order schema alone, both, and two
/// inserts for each order; then the accept load with the dual write on. One outage ends the run.
/// </summary>
/// <param name="session">The system.</param>
public sealed class DualWriteBench(BenchSession session)
{
    private const int OrdersPerSecond = 20_000;
    private const long EnoughUnits = 100_000_000;
    private static readonly TimeSpan s_timeout = TimeSpan.FromMinutes(5);

    private BenchSite Site => session.Site;

    /// <summary>Runs, prints and writes the report.</summary>
    /// <returns>An exit code.</returns>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var options = session.Options;
        var legacy = BenchVariables.Required("ConnectionStrings__Legacy");
        await using var stores = new DualWriteStores(session.Target.Orders, legacy);
        using var control = new OpsClient(session.Target.DualWrite, session.Target.OpsKey);
        await using var orders = await LifeOrders.ConnectAsync(session.Target);
        try
        {
            var load = await session.CreateLoadAsync(cancellationToken);
            var rounds = new List<DualWriteRound>();
            // The first is a warm-up.
            for (var round = 0; round <= options.Rounds; round++)
            {
                var alone = await PersistAsync(stores, control, orders, "off", cancellationToken);
                var both = await PersistAsync(stores, control, orders, "shadow", cancellationToken);
                var oneByOne = await InsertTwiceAsync(stores, control, legacy, 1, cancellationToken);
                // As many as a worker persists messages at once.
                var sideBySide = await InsertTwiceAsync(stores, control, legacy, 4, cancellationToken);
                var follow = await FollowAsync(stores, control, load, options.Seconds, cancellationToken);
                var result = new DualWriteRound(alone.Placed, both.Placed, both.Verified, oneByOne, sideBySide, follow);
                Say(round == 0 ? "warm-up" : $"round {round} of {options.Rounds}", result);
                if (round > 0)
                {
                    rounds.Add(result);
                }
            }

            var outage = await EndureAsync(stores, control, load, cancellationToken);
            var origin = await session.OriginAsync();
            await new DualWriteReport(
                origin.Date, origin.Command, origin.Commit, origin.Machine, load.Name, OrdersIn(options.Seconds), options.Seconds, rounds,
                outage).WriteAsync(session.Console, options.Output);
            return ExitCode.Right;
        }
        finally
        {
            await control.SwitchDualWriteAsync("off", CancellationToken.None);
        }
    }

    /// <summary>Many orders at once, reserved beforehand, and how fast a worker persists them.</summary>
    /// <returns>Orders per second into the order schema, and until they were verified in the legacy one.</returns>
    private async Task<(double Placed, double Verified)> PersistAsync(
        DualWriteStores stores, OpsClient control, LifeOrders orders, string mode,
        CancellationToken cancellationToken)
    {
        var sale = await Site.OpenSaleAsync(EnoughUnits, cancellationToken);
        await SwitchAsync(control, mode, cancellationToken);
        var count = OrdersIn(session.Options.Seconds);
        var (startedAt, placed) = await orders.PersistAsync(sale, count, cancellationToken);
        await UntilAsync(async () => !await stores.WaitsAsync(), cancellationToken);
        var verified = TimeProvider.System.GetUtcNow().UtcDateTime - startedAt;
        await stores.CheckAsync(sale.SaleId, mode == "off" ? 0 : count);
        await ForgetAsync(stores, control, sale, cancellationToken);
        return (placed, count / verified.TotalSeconds);
    }

    private async Task<double> InsertTwiceAsync(
        DualWriteStores stores, OpsClient control, string legacy, int atOnce, CancellationToken cancellationToken)
    {
        var sale = await Site.OpenSaleAsync(EnoughUnits, cancellationToken);
        var perSecond = await TwoInserts.MeasureAsync(
            BenchVariables.Required("ConnectionStrings__RabbitMq"), session.Target.Orders, legacy, sale.SaleId, atOnce,
            TimeSpan.FromSeconds(session.Options.Seconds / 4.0));
        await ForgetAsync(stores, control, sale, cancellationToken);
        return perSecond;
    }

    /// <summary>The accept load at full speed, with the dual write on.</summary>
    private async Task<FollowResult> FollowAsync(
        DualWriteStores stores, OpsClient control, ILoadGenerator load, int seconds,
        CancellationToken cancellationToken)
    {
        var sale = await Site.OpenSaleAsync(EnoughUnits, cancellationToken);
        await SwitchAsync(control, "shadow", cancellationToken);
        await stores.RememberVerificationsAsync();
        FollowResult follow;
        try
        {
            var result = await load.RunAsync(
                new Uri(session.Target.Apis[0], "orders"), sale.SaleId, BenchSite.SkuId, seconds, cancellationToken);
            await UntilDrainedAsync(stores, sale, cancellationToken);
            var (p50, p99, maximum) = await stores.DelaysAsync(sale.SaleId);
            follow = new FollowResult(result.Accepted / result.Seconds, p50, p99, maximum);
        }
        finally
        {
            await stores.ForgetVerificationsAsync();
        }

        await stores.CheckAsync(sale.SaleId, await Site.Stores.CountAsync("orders", sale.SaleId));
        await ForgetAsync(stores, control, sale, cancellationToken);
        return follow;
    }

    /// <summary>The accept load while the legacy database refuses every connection; its return; the backlog.</summary>
    private async Task<OutageResult> EndureAsync(
        DualWriteStores stores, OpsClient control, ILoadGenerator load, CancellationToken cancellationToken)
    {
        var sale = await Site.OpenSaleAsync(EnoughUnits, cancellationToken);
        await SwitchAsync(control, "shadow", cancellationToken);
        session.Console.WriteLine($"the legacy database is down for {session.Options.OutageSeconds} s");
        await stores.RefuseAsync();
        LoadResult result;
        try
        {
            result = await load.RunAsync(
                new Uri(session.Target.Apis[0], "orders"), sale.SaleId, BenchSite.SkuId, session.Options.OutageSeconds, cancellationToken);
        }
        finally
        {
            await stores.AcceptAsync();
        }

        var startedAt = Stopwatch.GetTimestamp();
        var backlog = (await control.DualWriteAsync(cancellationToken)).Pending;
        await UntilDrainedAsync(stores, sale, cancellationToken);
        var drained = Stopwatch.GetElapsedTime(startedAt);
        await stores.CheckAsync(sale.SaleId, await Site.Stores.CountAsync("orders", sale.SaleId));
        await ForgetAsync(stores, control, sale, cancellationToken);
        return new OutageResult(session.Options.OutageSeconds, result.Accepted / result.Seconds, backlog, drained.TotalSeconds);
    }

    private Task UntilDrainedAsync(DualWriteStores stores, Sale sale, CancellationToken cancellationToken) =>
        UntilAsync(async () => await Site.Stores.BacklogAsync(sale) == 0 && !await stores.WaitsAsync(), cancellationToken);

    /// <summary>Switches, and waits until the worker has read it and the breaker is closed.</summary>
    private static async Task SwitchAsync(OpsClient control, string mode, CancellationToken cancellationToken)
    {
        await control.SwitchDualWriteAsync(mode, cancellationToken);
        await Task.Delay(TimeSpan.FromSeconds(1), cancellationToken);
        if (mode != "off")
        {
            await UntilAsync(async () => (await control.DualWriteAsync(cancellationToken)).Breaker == "closed", cancellationToken);
        }
    }

    // No reconciliation may run while rows leave one table after the other.
    private async Task ForgetAsync(
        DualWriteStores stores, OpsClient control, Sale sale, CancellationToken cancellationToken)
    {
        await SwitchAsync(control, "off", cancellationToken);
        await Site.Stores.ForgetAsync(sale);
        await stores.ForgetAsync(sale.SaleId);
    }

    private static async Task UntilAsync(Func<Task<bool>> condition, CancellationToken cancellationToken)
    {
        var startedAt = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(startedAt) > s_timeout)
            {
                throw new TimeoutException("The system did not drain in time.");
            }

            await Task.Delay(10, cancellationToken);
        }
    }

    private static int OrdersIn(int seconds) => seconds * OrdersPerSecond;

    private void Say(string which, DualWriteRound round) => session.Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{which}: persisted/s alone {Amount.Text(round.AlonePerSecond)}, both {Amount.Text(round.PlacedPerSecond)} "
        + $"(verified {Amount.Text(round.VerifiedPerSecond)}), two inserts {Amount.Text(round.OneByOnePerSecond)}; "
        + $"at {Amount.Text(round.Follow.AcceptedPerSecond)} accepted/s 202 to verified p50 {round.Follow.P50Seconds:0.00} s, "
        + $"p99 {round.Follow.P99Seconds:0.00} s"));
}
