using System.Globalization;
using System.Text;

namespace Seckill.LoadTests.Bench;

/// <summary>The report as a page.</summary>
public static class BenchMarkdown
{
    /// <summary>The whole page.</summary>
    public static string Write(BenchReport report)
    {
        var machine = report.Machine;
        var busy = Spread.Of(report.Measurements.Select(run => run.BusyBefore).DefaultIfEmpty());
        var page = new StringBuilder();
        void Line(string text) => page.Append(text).Append('\n');
        Line($"# Benchmarks");
        Line("");
        Line($"Written by `{report.Command}` on {report.Date:yyyy-MM-dd HH:mm} UTC at commit {report.Commit}; "
            + "nothing here is typed by hand.");
        Line($"Everything shares one machine: the load ({report.Load}), the services and all servers. So read the ratios;");
        Line($"the rates say more about the machine. {report.Rounds} rounds of {report.Seconds} s, the variants in turns.");
        Line("");
        Line($"Machine: {machine.Cpu}, {machine.Cores} cores, {machine.MemoryGigabytes} GB, {machine.Kernel}. .NET {machine.DotNet},");
        Line($"Redis {machine.Redis} (`appendfsync always`), PostgreSQL {machine.Postgres} (`fsync on`), "
            + $"RabbitMQ {machine.RabbitMq} (quorum queue).");
        Line($"Before each run {busy.Median:P0} of the machine was in use by others and by our idle processes "
            + $"({busy.Least:P0} to {busy.Most:P0}).");
        Line("");
        Line($"## Bars");
        Line("");
        Line($"Ratio of the medians, with the smallest and the largest ratio of a round.");
        Line("");
        Line($"| bar | needed | measured | met |");
        Line($"| --- | --- | --- | --- |");
        foreach (var bar in report.Bars)
        {
            Line($"| {bar.Name} | {bar.Needed} | {bar.Value} | {(bar.IsMet ? "yes" : "**no**")} |");
        }

        Line("");
        Line($"## Runs");
        Line("");
        Line($"Medians, with the smallest and the largest of the rounds. Bytes and collections are those of the measured process.");
        Line("");
        Line("| variant | what | answers/s | p50 ms | p99 ms | rows/s | 202→row p50 ms | p99 ms "
            + "| outbox mean | bytes/request | GCs/million |");
        Line($"| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
        foreach (var variant in Variant.All)
        {
            var runs = report.Measurements.Where(run => run.Variant == variant.Name).ToArray();
            if (runs.Length > 0)
            {
                Line($"| {variant.Name} | {variant.Meaning} | {Full(runs, run => run.Load.PerSecond)} "
                    + $"| {Short(runs, run => run.Load.P50Milliseconds)} | {Short(runs, run => run.Load.P99Milliseconds)} "
                    + $"| {Full(runs, run => run.Rows?.RowsPerSecond)} | {Short(runs, run => run.Rows?.DelayP50Milliseconds)} "
                    + $"| {Short(runs, run => run.Rows?.DelayP99Milliseconds)} | {Short(runs, run => run.Rows?.BacklogMean)} "
                    + $"| {Short(runs, run => run.BytesPerRequest)} | {Short(runs, run => run.CollectionsPerMillion)} |");
            }
        }

        WriteProcessorTime(page, report.Measurements);
        if (report.Life is [var round, ..])
        {
            Line("");
            Line($"When {round.Orders:N0} orders expire at one moment, {Life(report, each => each.ClosedPerSecond)} a second are closed "
                + $"and their stock given back, of {Life(report, each => each.PersistedPerSecond)} that can be persisted; "
                + $"{Life(report, each => each.ClosedMeanwhile)} while a sale is on, which then accepts "
                + $"{Life(report, each => each.AcceptedMeanwhile)} orders a second instead of "
                + $"{Life(report, each => each.AcceptedPerSecond)}.");
        }

        WriteNotes(page);
        return page.ToString();
    }

    private static void WriteProcessorTime(StringBuilder page, IReadOnlyList<Measurement> measurements)
    {
        const double Negligible = 0.5;
        var variants = Variant.All.Where(variant => measurements.Any(run => run.Variant == variant.Name)).ToArray();
        double Median(Variant variant, string process) => Spread.Of(measurements
            .Where(run => run.Variant == variant.Name).Select(run => run.CpuMicroseconds.GetValueOrDefault(process))).Median;
        var processes = measurements.SelectMany(run => run.CpuMicroseconds.Keys).Where(name => name != CpuUse.Others).Distinct()
            .Where(name => variants.Any(variant => Median(variant, name) >= Negligible))
            .OrderByDescending(name => variants.Sum(variant => Median(variant, name)));
        void Row(string name, Func<Variant, string> cell) =>
            page.Append("| ").Append(name).Append(" | ").AppendJoin(" | ", variants.Select(cell)).Append(" |\n");
        string Text(double microseconds) => microseconds.ToString("0.0", CultureInfo.InvariantCulture);
        page.Append("\n## Processor time of a request, microseconds\n\n")
            .Append("Medians. All processes share the machine's cores: the rate of answers is at most the cores divided by the sum.\n\n");
        Row("process", variant => variant.Name);
        Row("---", _ => "---");
        foreach (var process in processes)
        {
            Row(process, variant => Median(variant, process) is >= Negligible and var time ? Text(time) : "–");
        }

        Row("sum", variant => Text(Spread.Of(
            measurements.Where(run => run.Variant == variant.Name).Select(run => run.OwnCpuMicroseconds)).Median));
    }

    private static void WriteNotes(StringBuilder page) => page.Append(
        """

        ## What is measured

        - `rows/s` counts order rows in PostgreSQL by the time from the first reservation to the last row, by the clocks of one machine.
        - The sold-out run begins after 1,000 units are sold; their buyers still ask Redis, everybody else is refused by the gate.
        - After each accept run the stores are compared with the answers: every 202 has its row, no order twice, the holds in Redis are
          the live rows, available + held = allocated, the ledger agrees, the outbox is empty. A difference fails the command.
        - The baselines (`loadtests/Baselines`) have the same host, token check, body and answer, on the same servers, with pooled
          connections and prepared statements. But for `empty` they have no rate limit, no idempotency keys and no outbox: less to do than
          the real road.
        - `empty` is a baseline too: a process of its own with the storefront's own token check, rate limit, body and answer, and
          nothing behind them. Its processor time is that of the row `empty`.
        - "Above empty" is everything that a process allocates for an order beyond the web server's share: the clients of Redis and
          RabbitMQ, the one state machine that waits, the order's id, and our own code. What pooling is worth in our own code alone is in
          `microbenchmarks.md`, written by `./seckill bench micro`. The bytes are those of `dotnet_gc_heap_total_allocated_bytes_total`
          in `/metrics`, which leaves out what each thread has not used up yet of its last 8 KB: nothing beside the megabytes of a run.

        """);

    private static string Life(BenchReport report, Func<LifeRound, double> value) =>
        Spread.Of(report.Life.Select(value)).Median.ToString("N0", CultureInfo.InvariantCulture);

    private static string Full(Measurement[] runs, Func<Measurement, double?> value) =>
        Values(runs, value) is { Length: > 0 } values && Spread.Of(values) is var spread
            ? string.Create(CultureInfo.InvariantCulture, $"{spread.Median:N0} ({spread.Least:N0} to {spread.Most:N0})")
            : "–";

    private static string Short(Measurement[] runs, Func<Measurement, double?> value) =>
        Values(runs, value) is { Length: > 0 } values
            ? Spread.Of(values).Median.ToString(values[0] < 100 ? "0.0" : "N0", CultureInfo.InvariantCulture)
            : "–";

    private static double[] Values(Measurement[] runs, Func<Measurement, double?> value) =>
        [.. runs.Select(value).Where(number => number is not null).Select(number => number!.Value)];
}
