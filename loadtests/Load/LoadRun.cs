using System.Diagnostics;
using System.Globalization;
using Seckill.LoadTests.Bench;
using Seckill.LoadTests.Client;
using Seckill.LoadTests.Engine;
using Seckill.LoadTests.Reporting;
using Seckill.LoadTests.Results;
using Spectre.Console;
using Recorder = Seckill.LoadTests.Engine.Recorder;

namespace Seckill.LoadTests.Load;

/// <summary>One run of a scenario, from the creation of its sale to the verdict.</summary>
/// <param name="target">The system.</param>
/// <param name="scenario">What is sent.</param>
/// <param name="settings">How much.</param>
/// <param name="console">For people.</param>
public sealed class LoadRun(LoadTarget target, Scenario scenario, LoadSettings settings, IAnsiConsole console)
{
    private const double MostLateness = 10;
    private const double MostWaiting = 0.01;
    private const double MostOfTheMachine = 0.85;

    /// <summary>How long a run goes on that was stopped: the visitors leave, the books are audited.</summary>
    public static readonly TimeSpan LongestEnd = TimeSpan.FromMinutes(5);

    /// <summary>Runs it.</summary>
    /// <param name="cancellationToken">Ends the load early; the audit is made all the same when it is cancelled only once.</param>
    public async Task<RunReport> RunAsync(CancellationToken cancellationToken)
    {
        var arrivals = scenario.Arrivals(settings);
        var visitors = settings.Users == 0 ? arrivals.Count : LoadSettings.MostBuyers;
        var sale = new LoadSale(scenario.Name, settings, visitors);
        var count = settings.BuyersOf(visitors);
        console.WriteLine($"signing the tokens of {Amount.Text(count)} buyers");
        var buyers = target.SignTokens(count);
        using var ops = new OpsClient(target.Inventory, target.OpsKey);
        await ops.CreateAsync(sale.Sale, cancellationToken);
        await ops.OpenAsync(sale.Sale.SaleId, cancellationToken);

        if (settings.WarmUpSeconds > 0)
        {
            console.WriteLine($"warming up for {settings.WarmUpSeconds} s");
            await new WarmUp(target, settings, sale, buyers).RunAsync(cancellationToken);
        }

        var date = TimeProvider.System.GetUtcNow();
        var recorder = new Recorder();
        using var pool = new ClientPool(
            target.Apis, settings.Users > 0 ? settings.Users : settings.Connections, TimeSpan.FromSeconds(settings.PatienceSeconds),
            CancellationToken.None);
        var shop = new Shop(pool, recorder);
        var engine = new LoadEngine(recorder, (number, due) =>
            scenario.VisitAsync(new Visit(shop, sale, buyers[number % buyers.Length], number, due, target.PaymentKey)));
        // Collected now, a run's worth of garbage from the start is not collected in its first second.
        GC.Collect();
        var watch = new LoadWatch(recorder, ops, sale.Sale.SaleId);
        var work = Task.WhenAll(SendAsync(engine, arrivals, cancellationToken), RestockAsync(ops, sale, cancellationToken));
        await new LiveTable(console, scenario.Name, recorder).ShowAsync(watch, work);
        await work;
        engine.ThrowIfBroken();
        var elapsed = Stopwatch.GetElapsedTime(engine.StartedAt);
        var isStopped = cancellationToken.IsCancellationRequested;

        console.WriteLine("auditing the books");
        var audit = new LoadAudit(target, sale, settings, shop);
        var sections = await audit.RunAsync(ops, buyers.ToDictionary(buyer => buyer.UserId), CancellationToken.None);
        // Nobody shall buy from it by accident.
        await ops.CloseAsync(sale.Sale.SaleId, CancellationToken.None);
        var tally = recorder.Total;
        var marks = Threshold.Of(settings, scenario.Refusals, tally, audit.Lost, audit.Oversold, audit.Wrong);
        return new RunReport(
            scenario.Name, scenario.Summary, date, Variable("LOAD_COMMAND", $"loadtests load {scenario.Name}"),
            Variable("LOAD_COMMIT", "unknown"), Loop(), target.Apis, Machine.ReadOwn(), settings, tally.Arrivals,
            Math.Round(elapsed.TotalSeconds, 3), OutcomeCount.Of(tally), LatencySummary.Of(tally),
            isStopped ? [.. marks, Threshold.StoppedAfter(elapsed)] : marks, sections, Warnings(tally, watch.Seconds),
            [.. shop.Departures, .. audit.Findings.Take(20)], watch.Seconds);
    }

    private Task SendAsync(LoadEngine engine, Arrivals arrivals, CancellationToken cancellationToken) => settings.Users == 0
        ? engine.RunOpenAsync(arrivals, cancellationToken)
        : engine.RunClosedAsync(
            settings.Users, TimeSpan.FromSeconds(settings.Seconds), TimeSpan.FromMilliseconds(settings.ThinkMilliseconds),
            cancellationToken);

    private async Task RestockAsync(OpsClient ops, LoadSale sale, CancellationToken cancellationToken)
    {
        if (scenario.RestockAfter is { } share)
        {
            await Task.Delay(TimeSpan.FromSeconds(settings.Seconds * share), cancellationToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (cancellationToken.IsCancellationRequested)
            {
                return;
            }

            var units = (int)sale.Sale.Items[0].Allocated;
            foreach (var item in sale.Sale.Items)
            {
                await ops.ChangeStockAsync(sale.Sale.SaleId, item.SkuId, units, "restock", CancellationToken.None);
            }

            sale.Added = units;
        }
    }

    private string Loop() => settings.Users == 0
        ? Text($"Open loop: up to {settings.Rate:#,0.##} visitors/s, whatever becomes of those before")
        : Text($"Closed loop: {settings.Users:N0} users, {settings.ThinkMilliseconds:N0} ms pause");

    private List<string> Warnings(Tally tally, IReadOnlyList<SecondSample> seconds)
    {
        var warnings = scenario.Shows.Where(shown => tally.Count(shown.Step, shown.Outcome) == 0).Select(shown =>
            shown.Outcome.Kind == OutcomeKind.Refused
                ? $"No {shown.Step.Name} was answered {shown.Outcome.Name}, which {scenario.Name} is about: send more, or offer less."
                : $"No {shown.Step.Name} succeeded, which {scenario.Name} is about.").ToList();
        var late = tally.Lateness.Percentile(99) / 1000.0;
        var busy = seconds.Count == 0 ? 0 : seconds.Max(second => second.GeneratorCpu) / Environment.ProcessorCount;
        if (settings.Users == 0 && late > MostLateness)
        {
            warnings.Add(Text(
                $"The generator was late by {late:0.0} ms or more for one visitor in a hundred; the latencies contain it. Send less."));
        }

        if (busy > MostOfTheMachine)
        {
            warnings.Add(Text($"The generator took up to {busy:P0} of its machine: the rate may be its own limit, not the system's."));
        }

        if (settings.Users == 0 && tally.Waited > tally.Requests * MostWaiting)
        {
            var share = (double)tally.Waited / tally.Requests;
            warnings.Add(Text(
                $"{share:P0} of the requests waited for one of the {settings.Connections:N0} connections, which their latency contains."));
        }

        return warnings;
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static string Variable(string name, string otherwise) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : otherwise;
}
