using System.Diagnostics;
using Seckill.LoadTests.Books;
using Seckill.LoadTests.Client;
using Seckill.LoadTests.Results;
using Spectre.Console;

namespace Seckill.LoadTests.Demo;

/// <summary>Shows a rush while it happens: a live table on a terminal, one plain line a second anywhere else.</summary>
/// <param name="console">Where to.</param>
/// <param name="scoreboard">Running totals.</param>
/// <param name="stock">For the units left.</param>
/// <param name="persisted">For the orders in PostgreSQL.</param>
public sealed class ProgressDisplay(IAnsiConsole console, Scoreboard scoreboard, StockBooks stock, PersistenceWatch persisted)
{
    private static readonly TimeSpan s_frame = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan s_line = TimeSpan.FromSeconds(1);

    private readonly long _started = Stopwatch.GetTimestamp();
    private TimeSpan _lastElapsed;
    private long _lastAttempts;

    /// <summary>Shows progress until <paramref name="work"/> ends; its exception is not observed here.</summary>
    public async Task ShowAsync(Sale sale, Task work, CancellationToken cancellationToken)
    {
        if (console.Profile.Capabilities.Interactive && console.Profile.Out.IsTerminal)
        {
            await console.Live(new Text("")).AutoClear(true).StartAsync(async live =>
            {
                while (!await EndsWithinAsync(work, s_frame))
                {
                    var grid = new Grid().AddColumn().AddColumn(new GridColumn().RightAligned());
                    foreach (var (name, value) in await ReadAsync(sale, cancellationToken))
                    {
                        grid.AddRow(Markup.Escape(name), $"[bold]{Markup.Escape(value)}[/]");
                    }

                    live.UpdateTarget(new Panel(grid).Header("The rush").RoundedBorder());
                }
            });
            return;
        }

        while (!await EndsWithinAsync(work, s_line))
        {
            var parts = (await ReadAsync(sale, cancellationToken)).Select(entry => $"{entry.Name} {entry.Value}");
            // Not through the console's own wrapping: a line is a line for whoever reads the log.
            await console.Profile.Out.Writer.WriteLineAsync("  " + string.Join("  ", parts));
            await console.Profile.Out.Writer.FlushAsync(cancellationToken);
        }
    }

    private static async Task<bool> EndsWithinAsync(Task work, TimeSpan time) => await Task.WhenAny(work, Task.Delay(time)) == work;

    private async Task<IReadOnlyList<(string Name, string Value)>> ReadAsync(Sale sale, CancellationToken cancellationToken)
    {
        var elapsed = Stopwatch.GetElapsedTime(_started);
        var attempts = scoreboard.Attempts;
        var rate = (attempts - _lastAttempts) / Math.Max(0.001, (elapsed - _lastElapsed).TotalSeconds);
        (_lastElapsed, _lastAttempts) = (elapsed, attempts);
        var left = await stock.AvailableAsync(sale, cancellationToken).ConfigureAwait(false);
        return
        [
            ("elapsed", $"{elapsed.TotalSeconds:0} s"),
            ("attempts", Amount.Text(attempts)),
            ("rate", $"{Amount.Text(rate)}/s"),
            ("accepted", Amount.Text(scoreboard.Accepted)),
            .. scoreboard.Refused.Select(refusal => (refusal.Code, Amount.Text(refusal.Count))),
            ("failed", Amount.Text(scoreboard.Unknown)),
            ("stock left", left is { } units ? Amount.Text(units) : "?"),
            ("in PostgreSQL", persisted.Outage is null ? Amount.Text(persisted.Count) : "away"),
        ];
    }
}
