using System.Globalization;
using Seckill.LoadTests.Client;
using Seckill.LoadTests.Engine;
using Seckill.LoadTests.Results;
using Spectre.Console;

namespace Seckill.LoadTests.Bench.Overload;

/// <summary>
/// More clicks than can be served: what a closed loop reaches, then an open loop at a multiple of that, beside it those who have an order
/// already, and after it how long new clicks are refused.
/// </summary>
/// <param name="session">The system.</param>
public sealed class OverloadBench(BenchSession session)
{
    private const long EnoughUnits = 100_000_000;
    // More than an instance admits at once, so that the line is there and not in the generator.
    private const int ConnectionsOfCrowd = 4_096;
    private static readonly TimeSpan s_rest = TimeSpan.FromSeconds(3);
    private readonly Uri _api = BenchVariables.Address("BENCH_API");

    /// <summary>Runs, prints and writes <c>overload.md</c>.</summary>
    /// <returns>An exit code: 1 when a promise was broken.</returns>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        List<string> wrong = [];
        await CloseAsync(wrong, cancellationToken);
        var report = new OverloadReport(await session.OriginAsync(), session.Options, ConnectionsOfCrowd, []);
        for (var round = 1; round <= session.Options.Rounds; round++)
        {
            var closed = await CloseAsync(wrong, cancellationToken);
            await Task.Delay(s_rest, cancellationToken);
            var result = await CrowdAsync(closed, wrong, cancellationToken);
            report.Results.Add(result);
            session.Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"round {round}  closed loop {closed.PerSecond,6:N0}/s  open loop {result.Offered,7:N0}/s: accepted "
                + $"{result.Accepted,6:N0}/s, p99 {result.AcceptedP99,5:N0} ms, refused {result.Refused,6:N0}/s, "
                + $"failed {result.Failed:N0}/s  "
                + $"shed: {result.Shed} of {result.Asked} with an order  back after {result.Recovery.TotalSeconds:0.0} s"));
        }

        await report.WriteAsync(session.Console);
        return session.Conclude(wrong);
    }

    // What a tuned closed loop reaches.
    private async Task<ClosedLoop> CloseAsync(List<string> wrong, CancellationToken cancellationToken)
    {
        var sale = await session.Site.OpenSaleAsync(EnoughUnits, cancellationToken);
        var load = new EngineLoad(session.Tokens, session.Options.Connections);
        var (tally, elapsed) = await load.RunAsync(
            new Uri(_api, "orders"), sale.SaleId, BenchSite.SkuId,
            engine => engine.RunClosedAsync(
                session.Options.Connections, TimeSpan.FromSeconds(session.Options.Seconds), TimeSpan.Zero, cancellationToken),
            cancellationToken);
        var accepted = tally.Count(Step.Order, Outcome.Accepted);
        wrong.AddRange(await session.Site.CheckAsync(sale, accepted, session.Options.Connections, cancellationToken));
        await session.Site.Stores.ForgetAsync(sale);
        return new ClosedLoop(
            accepted / elapsed.TotalSeconds, tally.Latency(OutcomeKind.Accepted).Percentile(99) / 1000.0,
            tally.Count(Step.Order, Outcome.Refusal(RefusalCode.Busy)));
    }

    private async Task<OverloadResult> CrowdAsync(ClosedLoop closed, List<string> wrong, CancellationToken cancellationToken)
    {
        var sale = await session.Site.OpenSaleAsync(EnoughUnits, cancellationToken);
        using var owners = new Owners(_api, sale, session.Tokens, session.Target.PaymentKey, cancellationToken);
        await owners.OrderAsync();
        var offered = session.Options.Times * closed.PerSecond;
        var load = new EngineLoad(session.Tokens, ConnectionsOfCrowd);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var asking = owners.AskAsync(over.Token);
        var (tally, elapsed) = await load.RunAsync(
            new Uri(_api, "orders"), sale.SaleId, BenchSite.SkuId,
            engine => engine.RunOpenAsync(new Arrivals([new Phase(offered, offered, session.Options.Seconds)]), cancellationToken),
            cancellationToken);
        await over.CancelAsync();
        await asking;
        var recovery = await owners.RecoverAsync();
        long Count(Func<Outcome, bool> which) => tally.Count(which);
        var accepted = Count(outcome => outcome.Kind == OutcomeKind.Accepted);
        wrong.AddRange(await session.Site.CheckAsync(
            sale, accepted + owners.Accepted,
            (int)Count(outcome => outcome.Kind == OutcomeKind.Failed || outcome.Name == RefusalCode.Unavailable), cancellationToken));
        wrong.AddRange(owners.Wrong);
        await session.Site.Stores.ForgetAsync(sale);
        return new OverloadResult(closed, offered, accepted / elapsed.TotalSeconds)
        {
            AcceptedP50 = tally.Latency(OutcomeKind.Accepted).Percentile(50) / 1000.0,
            AcceptedP99 = tally.Latency(OutcomeKind.Accepted).Percentile(99) / 1000.0,
            Refused = Count(outcome => outcome.Name == RefusalCode.Busy) / elapsed.TotalSeconds,
            Failed = Count(outcome => outcome.Kind == OutcomeKind.Failed || outcome.Name == RefusalCode.Unavailable) / elapsed.TotalSeconds,
            Late = tally.Lateness.Percentile(99) / 1000.0,
            Waited = tally.Waited,
            Asked = owners.Asked,
            Shed = owners.Shed,
            OwnersP99 = owners.P99Milliseconds,
            Recovery = recovery,
        };
    }
}

/// <summary>What a closed loop reached.</summary>
/// <param name="PerSecond">Orders accepted.</param>
/// <param name="P99">Of them, milliseconds.</param>
/// <param name="Refused">Clicks refused for the load.</param>
public sealed record ClosedLoop(double PerSecond, double P99, long Refused);

/// <summary>What a crowd met. Rates are a second, durations milliseconds from the moment at which a click was due.</summary>
/// <param name="Closed">The closed loop before it.</param>
/// <param name="Offered">Clicks that were due.</param>
/// <param name="Accepted">Orders accepted.</param>
public sealed record OverloadResult(ClosedLoop Closed, double Offered, double Accepted)
{
    /// <summary>Median of the accepted.</summary>
    public double AcceptedP50 { get; init; }

    /// <summary>99th percentile of the accepted.</summary>
    public double AcceptedP99 { get; init; }

    /// <summary>Clicks refused for the load.</summary>
    public double Refused { get; init; }

    /// <summary>Clicks without an answer, or with one that is no refusal for the load.</summary>
    public double Failed { get; init; }

    /// <summary>How late the generator was, 99th percentile.</summary>
    public double Late { get; init; }

    /// <summary>Clicks for which no connection was free.</summary>
    public long Waited { get; init; }

    /// <summary>Payments, retries by their key and polls of those who have an order.</summary>
    public long Asked { get; init; }

    /// <summary>Those among them that were refused for the load.</summary>
    public long Shed { get; init; }

    /// <summary>99th percentile of their answers.</summary>
    public double OwnersP99 { get; init; }

    /// <summary>From the end of the crowd until the last refusal for the load.</summary>
    public TimeSpan Recovery { get; init; }
}
