using System.Globalization;
using System.Text;

namespace Seckill.Chaos;

/// <summary>A variant, and who caught it.</summary>
/// <param name="Variant">What was broken.</param>
/// <param name="Invariant">What noticed; null when nothing did.</param>
/// <param name="Runs">Until then.</param>
internal sealed record CaughtVariant(Variant Variant, string? Invariant, int Runs);

/// <summary>Writes docs/chaos.md: two tables, each between its own marks, so that each can be made anew alone.</summary>
internal static class ChaosReport
{
    private const string File = "chaos.md";

    public static string Summary(SeriesResult result, int seed)
    {
        var runs = result.Results;
        var faults = runs.SelectMany(run => run.Schedule.Faults).ToArray();
        var recovery = runs.Where(run => run.Violation is null).Select(run => run.Recovery.TotalSeconds).Order().ToArray();
        double Share(double share) => recovery.Length == 0 ? 0 : recovery[(int)Math.Min(recovery.Length - 1, share * recovery.Length)];
        var (fewest, most) = (runs.Min(run => run.Schedule.Faults.Count), runs.Max(run => run.Schedule.Faults.Count));
        var text = new StringBuilder("| | |\n| --- | --- |\n");
        void Row(string what, FormattableString value) =>
            text.AppendLine(CultureInfo.InvariantCulture, $"| {what} | {value.ToString(CultureInfo.InvariantCulture)} |");
        Row("Runs", $"{runs.Count:#,0}, seeds {seed} to {seed + runs.Count - 1}, a sale each");
        Row("Date", $"{TimeProvider.System.GetUtcNow():yyyy-MM-dd HH:mm} UTC");
        Row("Machine", $"{Machine()}");
        Row("With a waiting room", $"{runs.Count(run => run.Schedule.HasRoom):#,0}");
        Row("Faults", $"{faults.Length:#,0}; {fewest} to {most} in a run");
        Row("Operations of clients", $"{runs.Sum(run => run.Operations):#,0}");
        var calls = runs.SelectMany(run => run.Calls).ToLookup(call => call.Act);
        foreach (var act in calls.OrderBy(act => act.Key))
        {
            var (done, unknown) = (act.Count(call => call.IsOk), act.Count(call => call.IsUnknown));
            Row($"Operators: {act.Key}", $"{act.Count():#,0}; {done:#,0} done, {unknown:#,0} without a definite answer");
        }

        Row("Commands that Redis got late", $"{runs.Sum(run => run.Late):#,0}");
        Row("Violations", $"{(result.Broken is null ? "0" : "1: " + result.Broken.Violation!.Invariant)}");
        Row("99 % definite, after healing", $"median {Share(0.5):0.0} s, of 99 % of runs {Share(0.99):0.0} s, longest {Share(1):0.0} s");
        Row("Time", $"{result.Took.TotalMinutes:0.0} min, {runs.Average(run => run.Took.TotalSeconds):0.0} s a run");
        text.AppendLine().AppendLine("| fault | times |").AppendLine("| --- | --- |");
        foreach (var kind in faults.GroupBy(Name).OrderByDescending(kind => kind.Count()).ThenBy(kind => kind.Key, StringComparer.Ordinal))
        {
            Row(kind.Key, $"{kind.Count():#,0}");
        }

        return text.ToString();
    }

    public static string Table(IReadOnlyCollection<CaughtVariant> caught)
    {
        var text = new StringBuilder("| variant | what is broken | caught by | runs |\n| --- | --- | --- | --- |\n");
        foreach (var (variant, invariant, runs) in caught)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"| {variant.Name} | {variant.Meaning} | {invariant ?? "nothing"} | {runs} |");
        }

        return text.ToString();
    }

    public static Task WriteAsync(string directory, SeriesResult result, int seed, bool room) =>
        ReplaceAsync(directory, room ? "rooms" : "runs", string.Create(CultureInfo.InvariantCulture,
            $"`./seckill chaos --runs {result.Results.Count} --seed {seed}{(room ? " --room" : "")}`\n\n{Summary(result, seed)}"));

    public static Task WriteAsync(string directory, IReadOnlyCollection<CaughtVariant> caught, int seed) =>
        ReplaceAsync(directory, "variants", string.Create(CultureInfo.InvariantCulture,
            $"`./seckill chaos --variants --seed {seed}`, {TimeProvider.System.GetUtcNow():yyyy-MM-dd}\n\n{Table(caught)}"));

    private static string Name(Fault fault) => fault.Kind switch
    {
        FaultKind.KillProcess or FaultKind.PauseProcess or FaultKind.RestartProcess => $"{fault.Kind} {fault.Target.Split('-')[0]}",
        FaultKind.KillServer or FaultKind.PauseServer => $"{fault.Kind} {fault.Target}",
        FaultKind.FailPoint => $"{fault.Kind} {fault.Detail}",
        FaultKind.LateCommand => $"{fault.Kind} {fault.Detail.Split(' ')[1]}",
        FaultKind.CutLink or FaultKind.DelayLink => $"{fault.Kind} to {fault.Detail.Split(' ')[0]}",
        FaultKind.BlackHoleLink => $"{fault.Kind} to {fault.Detail.Split(' ')[0]}, {fault.Detail.Split(' ')[1]}",
        _ => fault.Kind.ToString(),
    };

    private static string Machine()
    {
        var cpu = System.IO.File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal));
        var kernel = System.IO.File.ReadAllText("/proc/sys/kernel/osrelease").Trim();
        return $"{Environment.ProcessorCount} cores, {cpu?.Split(':')[1].Trim() ?? "unknown"}, Linux {kernel}, .NET {Environment.Version}";
    }

    private static async Task ReplaceAsync(string directory, string part, string text)
    {
        var file = Path.Combine(directory, File);
        var (begin, end) = ($"<!-- {part} -->\n", $"<!-- end of {part} -->");
        var document = System.IO.File.Exists(file) ? await System.IO.File.ReadAllTextAsync(file) : "# Under fire\n";
        var (from, to) = (document.IndexOf(begin, StringComparison.Ordinal), document.IndexOf(end, StringComparison.Ordinal));
        document = from < 0 || to < from
            ? $"{document.TrimEnd()}\n\n{begin}{text.TrimEnd()}\n{end}\n"
            : $"{document[..(from + begin.Length)]}{text.TrimEnd()}\n{document[to..]}";
        await System.IO.File.WriteAllTextAsync(file, document);
    }
}
