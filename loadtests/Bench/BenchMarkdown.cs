using System.Globalization;
using Seckill.LoadTests.Results;

namespace Seckill.LoadTests.Bench;

/// <summary>The report as a page.</summary>
public static class BenchMarkdown
{
    /// <summary>The whole page.</summary>
    internal static BenchPage Create(BenchReport report)
    {
        var page = new BenchPage("Benchmarks", new BenchOrigin(report.Date, report.Command, report.Commit, report.Machine));
        var busy = Spread.Of(report.Measurements.Select(run => run.BusyBefore).DefaultIfEmpty());
        page.Line($"Load: {report.Load}. {report.Rounds} rounds of {report.Seconds} s, the variants in turns.");
        page.Line(
            $"Before each run {busy.Median:P0} of the machine was in use by others and by idle processes of Seckill ",
            $"({busy.Minimum:P0} to {busy.Maximum:P0}).");
        page.Line($"");
        page.Line($"## Bars");
        page.Line($"");
        page.Line($"Ratio of the medians, with the smallest and the largest ratio of a round.");
        page.Bars(report.Bars);
        page.Line($"");
        page.Line($"## Runs");
        page.Line($"");
        page.Line($"Medians, with the smallest and the largest of the rounds. Bytes and collections are those of the measured process.");
        var measured = Variant.All
            .Select(variant => (Variant: variant, Runs: report.Measurements.Where(run => run.Variant == variant.Name).ToArray()))
            .Where(entry => entry.Runs.Length > 0).ToArray();
        page.Table(
            ["variant", "what", "answers/s", "p50 ms", "p99 ms", "rows/s", "202→row p50 ms", "p99 ms", "outbox mean", "bytes/request",
                "GCs/million"],
            measured.Select(entry => (string[])
            [
                entry.Variant.Name, entry.Variant.Meaning, Full(entry.Runs, run => run.Load.PerSecond),
                Short(entry.Runs, run => run.Load.P50Milliseconds), Short(entry.Runs, run => run.Load.P99Milliseconds),
                Full(entry.Runs, run => run.Rows?.RowsPerSecond), Short(entry.Runs, run => run.Rows?.DelayP50Milliseconds),
                Short(entry.Runs, run => run.Rows?.DelayP99Milliseconds), Short(entry.Runs, run => run.Rows?.BacklogMean),
                Short(entry.Runs, run => run.BytesPerRequest), Short(entry.Runs, run => run.CollectionsPerMillion),
            ]));
        WriteProcessorTime(page, [.. measured.Select(entry => entry.Variant)], report.Measurements);
        if (report.Life is [var round, ..])
        {
            page.Line($"");
            page.Line(
                $"When {round.Orders:N0} orders expire at one moment, {Life(report, each => each.ClosedPerSecond)} a second are closed ",
                $"and their stock given back, of {Life(report, each => each.PersistedPerSecond)} that can be persisted; ",
                $"{Life(report, each => each.ClosedMeanwhile)} while a sale is on, which then accepts ",
                $"{Life(report, each => each.AcceptedMeanwhile)} orders a second instead of ",
                $"{Life(report, each => each.AcceptedPerSecond)}.");
        }

        page.Line($"{Notes}");
        return page;
    }

    private static void WriteProcessorTime(BenchPage page, Variant[] variants, IReadOnlyList<Measurement> measurements)
    {
        const double Negligible = 0.5;
        double Median(Variant variant, string process) => Spread.Of(measurements
            .Where(run => run.Variant == variant.Name).Select(run => run.CpuMicroseconds.GetValueOrDefault(process))).Median;
        var processes = measurements.SelectMany(run => run.CpuMicroseconds.Keys).Where(name => name != CpuUse.Others).Distinct()
            .Where(name => variants.Any(variant => Median(variant, name) >= Negligible))
            .OrderByDescending(name => variants.Sum(variant => Median(variant, name)));
        string Text(double microseconds) => microseconds.ToString("0.0", CultureInfo.InvariantCulture);
        page.Line($"");
        page.Line($"## Processor time of a request, microseconds");
        page.Line($"");
        page.Line($"Medians. All processes share the machine's cores: the rate of answers is at most the cores divided by the sum.");
        page.Table(
            ["process", .. variants.Select(variant => variant.Name)],
            [
                .. processes.Select(process => (IEnumerable<string>)[process, .. variants.Select(variant =>
                    Median(variant, process) is >= Negligible and var time ? Text(time) : "–")]),
                ["sum", .. variants.Select(variant => Text(Spread.Of(
                    measurements.Where(run => run.Variant == variant.Name).Select(run => run.OwnCpuMicroseconds)).Median))],
            ]);
    }

    private const string Notes =
        """

        ## What is measured

        - `rows/s` counts order rows in PostgreSQL by the time from the first reservation to the last row, by the clocks of one machine.
        - The sold-out run begins after 1,000 units are sold; their buyers still ask Redis, all others are refused by the gate.
        - After each accept run the stores are compared with the answers: every 202 has its row, no order twice, the holds in Redis are
          the live rows, available + held = allocated, the ledger agrees, the outbox is empty. A difference fails the command.
        - The baselines (`loadtests/Baselines`) have the same host, token check, body and answer, on the same servers, with pooled
          connections and prepared statements. But for `empty` they have no rate limit, no idempotency keys and no outbox: less to do than
          the real road.
        - `empty` is a baseline too: a process of its own with the storefront's own token check, rate limit, body and answer, and
          nothing behind them. Its processor time is that of the row `empty`.
        - "Above empty" is everything that a process allocates for an order beyond the web server's share: the clients of Redis and
          RabbitMQ, the one state machine that waits, the order's id, and Seckill's own code. What pooling saves in that code alone is in
          `microbenchmarks.md`, written by `./seckill bench micro`. The bytes are those of `dotnet_gc_heap_total_allocated_bytes_total`
          in `/metrics`, which omits the unused rest of each thread's last 8 KB: negligible against the megabytes of a run.
        """;

    private static string Life(BenchReport report, Func<LifeRound, double> value) =>
        Spread.Of(report.Life.Select(value)).Median.ToString("N0", CultureInfo.InvariantCulture);

    private static string Full(Measurement[] runs, Func<Measurement, double?> value) =>
        Values(runs, value) is { Length: > 0 } values && Spread.Of(values) is var spread
            ? string.Create(CultureInfo.InvariantCulture, $"{spread.Median:N0} ({spread.Minimum:N0} to {spread.Maximum:N0})")
            : "–";

    private static string Short(Measurement[] runs, Func<Measurement, double?> value) =>
        Values(runs, value) is { Length: > 0 } values
            ? Spread.Of(values).Median.ToString(values[0] < 100 ? "0.0" : "N0", CultureInfo.InvariantCulture)
            : "–";

    private static double[] Values(Measurement[] runs, Func<Measurement, double?> value) =>
        [.. runs.Select(value).Where(number => number is not null).Select(number => number!.Value)];
}
