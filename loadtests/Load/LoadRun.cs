using System.Globalization;
using Seckill.LoadTests.Client;
using Seckill.LoadTests.Engine;
using Seckill.LoadTests.Load.Soak;
using Seckill.LoadTests.Reporting;
using Seckill.LoadTests.Results;
using Spectre.Console;

namespace Seckill.LoadTests.Load;

/// <summary>One run of a scenario, from the creation of its sale to the verdict.</summary>
/// <param name="target">The system.</param>
/// <param name="scenario">What is sent.</param>
/// <param name="settings">How much.</param>
/// <param name="console">For people.</param>
/// <param name="sender">Sends the visitors; Seckill's own engine when not given.</param>
public sealed class LoadRun(
    LoadTarget target, Scenario scenario, LoadSettings settings, IAnsiConsole console, ISender? sender = null)
{
    // Of the pass mark for p99: a lateness that cannot decide whether it is met says nothing about the run.
    private const double MaximumLatenessShare = 0.05;
    private const double MaximumWaitingShare = 0.01;
    private const double MaximumMachineShare = 0.85;

    /// <summary>Time for the end of a run that was stopped: the visitors leave, the audit follows.</summary>
    public static readonly TimeSpan LongestEnd = TimeSpan.FromMinutes(5);

    /// <summary>Runs and audits.</summary>
    /// <param name="cancellationToken">Ends the load early; when it is cancelled only once, the audit follows.</param>
    public async Task<RunReport> RunAsync(CancellationToken cancellationToken)
    {
        using var run = new SaleRun(target, scenario, settings, console, sender);
        try
        {
            return await RunAsync(run, cancellationToken);
        }
        catch
        {
            await run.AbandonAsync();
            throw;
        }
    }

    private async Task<RunReport> RunAsync(SaleRun run, CancellationToken cancellationToken)
    {
        var date = TimeProvider.System.GetUtcNow();
        var resources = await SellAsync(run, cancellationToken);
        var isStopped = cancellationToken.IsCancellationRequested;

        console.WriteLine("auditing");
        var audit = new LoadAudit(target, run);
        var sections = await audit.RunAsync(CancellationToken.None);
        await run.CloseAsync();
        var (tally, seconds) = (run.Recorder.Total, run.Watch.Seconds);
        var marks = Threshold.Of(settings, scenario.Refusals, tally, audit.Lost, audit.Oversold, audit.Wrong);
        var warnings = Warnings(tally, seconds, isStopped);
        if (resources is not null && Growth.Of(resources) is var growth)
        {
            (marks, sections) = ([.. marks, SoakReport.Mark(growth)], [.. sections, SoakReport.Section(growth)]);
            warnings.AddRange(SoakReport.Warnings(growth));
        }

        return new RunReport(
            scenario.Name, scenario.Summary, date, Variable("LOAD_COMMAND", CommandLine()),
            Variable("LOAD_COMMIT", "unknown"), Loop(), target.Apis, Machine.ReadOwn(), settings, tally.Arrivals,
            Math.Round(run.Elapsed.TotalSeconds, 3), OutcomeCount.Of(tally), LatencySummary.Of(tally),
            isStopped ? [.. marks, Threshold.StoppedAfter(run.Elapsed)] : marks, sections, warnings,
            [.. run.Shop.Departures, .. audit.Findings.Take(20)], seconds, resources);
    }

    // With what the system used meanwhile, in scenarios that watch it.
    private async Task<IReadOnlyList<ResourceSample>?> SellAsync(SaleRun run, CancellationToken cancellationToken)
    {
        if (!scenario.WatchesResources)
        {
            await run.SellAsync(cancellationToken);
            return null;
        }

        await using var watch = await ResourceWatch.StartAsync(target, Environment.GetEnvironmentVariable("LOAD_PIDS"));
        using var over = new CancellationTokenSource();
        var watching = watch.RunAsync(
            () => run.Recorder.Total.Count(Step.Order, Outcome.Accepted),
            () => run.Watch.Seconds is [.., var last] ? last.Backlog : null,
            over.Token);
        await run.SellAsync(cancellationToken);
        await over.CancelAsync();
        await watching;
        return watch.Samples;
    }

    private string Loop() => (settings.Users == 0
        ? Text($"Open loop: up to {settings.Rate:#,0.##} visitors/s, independent of earlier ones")
        : Text($"Closed loop: {settings.Users:N0} users, {settings.ThinkMilliseconds:N0} ms pause"))
        + (sender?.Remark is { } remark ? "; " + remark : "");

    private List<string> Warnings(Tally tally, IReadOnlyList<SecondSample> seconds, bool isStopped)
    {
        var warnings = scenario.Shows.Where(shown => tally.Count(shown.Step, shown.Outcome) == 0).Select(shown =>
            shown.Outcome.Kind == OutcomeKind.Refused
                ? $"No {shown.Step.Name} was answered {shown.Outcome.Name}, which {scenario.Name} is about: send more, or offer less."
                : $"No {shown.Step.Name} succeeded, which {scenario.Name} is about.").ToList();
        if (settings.Users == 0 && !isStopped && scenario.Arrivals(settings).Count is var planned && tally.Arrivals != planned)
        {
            warnings.Add(Text($"{planned:N0} visitors were planned, and {tally.Arrivals:N0} came."));
        }

        var late = tally.Lateness.Percentile(99) / 1000.0;
        var busy = seconds.Count == 0 ? 0 : seconds.Max(second => second.GeneratorCpu) / Environment.ProcessorCount;
        if (settings.Users == 0 && late > settings.MaximumP99Milliseconds * MaximumLatenessShare)
        {
            warnings.Add(Text(
                $"The generator was late by {late:0.0} ms or more for one visitor in a hundred; the latencies contain it. Send less."));
        }

        if (busy > MaximumMachineShare)
        {
            warnings.Add(Text($"The generator took up to {busy:P0} of its machine: the rate may be its own limit, not the system's."));
        }

        if (settings.Users == 0 && tally.Waited > tally.Requests * MaximumWaitingShare)
        {
            var share = (double)tally.Waited / tally.Requests;
            warnings.Add(Text(
                $"{share:P0} of the requests waited for one of the {settings.Connections:N0} connections, which their latency contains."));
        }

        return warnings;
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static string CommandLine() => string.Join(
        ' ', Environment.GetCommandLineArgs().Select((word, index) => index == 0 ? Path.GetFileNameWithoutExtension(word) : word));

    private static string Variable(string name, string otherwise) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : otherwise;
}
