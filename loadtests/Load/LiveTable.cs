using System.Globalization;
using Seckill.LoadTests.Engine;
using Seckill.LoadTests.Results;
using Spectre.Console;
using Recorder = Seckill.LoadTests.Engine.Recorder;

namespace Seckill.LoadTests.Load;

/// <summary>Shows a run while it happens: a live table on a terminal, one plain line a second anywhere else.</summary>
/// <param name="console">Where to.</param>
/// <param name="title">Of the run.</param>
/// <param name="recorder">For the totals.</param>
public sealed class LiveTable(IAnsiConsole console, string title, Recorder recorder)
{
    /// <summary>Shows <paramref name="watch"/> until <paramref name="work"/> is over; its exception is not observed here.</summary>
    public async Task ShowAsync(LoadWatch watch, Task work)
    {
        if (console.Profile.Capabilities.Interactive && console.Profile.Out.IsTerminal)
        {
            await console.Live(new Text("")).AutoClear(true).StartAsync(live => watch.RunAsync(work, second =>
            {
                live.UpdateTarget(Render(second));
                live.Refresh();
            }));
            return;
        }

        await watch.RunAsync(work, second =>
        {
            // Not through the console, which wraps: a line of a log stays one line.
            console.Profile.Out.Writer.WriteLine(Line(second));
            console.Profile.Out.Writer.Flush();
        });
    }

    private static string Line(SecondSample second) => string.Create(
        CultureInfo.InvariantCulture,
        $"  {second.Second,4:0} s  {second.Requests,7:N0}/s  ok {Good(second),6:N0}  {string.Join("  ", Refusals(second))}  "
        + $"p50 {second.P50Milliseconds:0.0}  p99 {second.P99Milliseconds:0.0}  p99.9 {second.P999Milliseconds:0.0} ms  "
        + $"in flight {second.Visitors:N0}  stock {Number(second.StockLeft)}  backlog {Number(second.Backlog)}");

    private static long Good(SecondSample second) => second.Count(Outcome.Accepted.Name) + second.Count(Outcome.Answered.Name);

    private static IEnumerable<string> Refusals(SecondSample second) =>
        Outcome.All.Where(outcome => outcome.Kind is OutcomeKind.Refused or OutcomeKind.Failed && second.Count(outcome.Name) > 0)
            .Select(outcome => $"{outcome.Name} {Amount.Text(second.Count(outcome.Name))}");

    private static string Number(long? number) => number is { } value ? Amount.Text(value) : "?";

    private Panel Render(SecondSample second)
    {
        var total = recorder.Total;
        var latency = total.Latency();
        var table = new Table().Border(TableBorder.None).AddColumn("")
            .AddColumn(new TableColumn("last second").RightAligned()).AddColumn(new TableColumn("so far").RightAligned());
        void Row(string name, string now, string all) => table.AddRow(Markup.Escape(name), $"[bold]{now}[/]", all);
        string Time(double milliseconds) => milliseconds.ToString("N1", CultureInfo.InvariantCulture) + " ms";
        Row("requests", $"{Amount.Text(second.Requests)}/s", Amount.Text(total.Requests));
        foreach (var outcome in Outcome.All.Where(outcome => total.Count(other => other == outcome) > 0))
        {
            Row("  " + outcome.Name, Amount.Text(second.Count(outcome.Name)), Amount.Text(total.Count(other => other == outcome)));
        }

        Row("p50", Time(second.P50Milliseconds), Time(latency.Percentile(50) / 1000.0));
        Row("p95", Time(second.P95Milliseconds), Time(latency.Percentile(95) / 1000.0));
        Row("p99", Time(second.P99Milliseconds), Time(latency.Percentile(99) / 1000.0));
        Row("p99.9", Time(second.P999Milliseconds), Time(latency.Percentile(99.9) / 1000.0));
        Row("in flight", Amount.Text(second.Visitors), "");
        Row("stock left", Number(second.StockLeft), "");
        Row("backlog", Number(second.Backlog), "");
        Row("generator late, p99", Time(second.LatenessMilliseconds), Time(total.Lateness.Percentile(99) / 1000.0));
        return new Panel(table).Header($"{Markup.Escape(title)}  {second.Second:0} s").RoundedBorder();
    }
}
