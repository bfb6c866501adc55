using System.Globalization;
using System.Text;
using Seckill.LoadTests.Reporting;
using Seckill.LoadTests.Results;

namespace Seckill.LoadTests.Load.Soak;

/// <summary>What grew: as a pass mark, as a section of the report, as columns, and as a page of its own.</summary>
public static class SoakReport
{
    /// <summary>Met when nothing grew by more than its limit.</summary>
    public static Threshold Mark(IReadOnlyList<Growth> growth)
    {
        var tooMuch = growth.Where(value => !value.IsWithinLimit).Select(value => $"{value.Name} {value.Text}").ToArray();
        return new Threshold("growth in the second half", "within limits", tooMuch.Length == 0 ? "yes" : string.Join(", ", tooMuch),
            tooMuch.Length == 0);
    }

    /// <summary>What was not seen.</summary>
    public static IEnumerable<string> Warnings(IReadOnlyList<Growth> growth)
    {
        if (growth.Count == 0)
        {
            yield return "The run is too short to see growth in its second half.";
        }
        else if (!growth.Any(value => value.Name.EndsWith(" memory", StringComparison.Ordinal)))
        {
            yield return "The processes are not on this machine, or not of this checkout: their memory and handles were not watched.";
        }
    }

    /// <summary>A row for each value.</summary>
    public static ResultSection Section(IReadOnlyList<Growth> growth) => new("What grew in the second half", [.. growth.Select(value =>
        new ResultRow(
            value.Name, value.Text, $"at most {value.Kind.Text(value.Limit)}" + Range(value),
            value.IsWithinLimit ? RowVerdict.Right : RowVerdict.Wrong))]);

    /// <summary>One line for each sample.</summary>
    public static string Csv(IReadOnlyList<ResourceSample> samples)
    {
        var names = samples.SelectMany(sample => sample.Values.Keys).Distinct().ToArray();
        var text = new StringBuilder("second,orders").AppendJoin("", names.Select(name => $",{name.Replace(' ', '_')}")).Append('\n');
        foreach (var sample in samples)
        {
            text.Append(CultureInfo.InvariantCulture, $"{sample.Second},{sample.Orders}")
                .AppendJoin("", names.Select(name => "," + (sample.Values.TryGetValue(name, out var value)
                    ? value.ToString("0", CultureInfo.InvariantCulture) : ""))).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>The page for the documents.</summary>
    public static string Page(RunReport report)
    {
        var page = new MarkdownPage();
        var machine = report.Machine;
        page.Line($"# What grows while orders come and go");
        page.Line($"");
        page.Line(
            $"Written by `{report.Command}` on {report.Date:yyyy-MM-dd HH:mm} UTC at commit {report.Commit}; ",
            $"nothing here is typed by hand.");
        page.Line($"{machine.Cpu}, {machine.Cores} cores, {machine.MemoryGigabytes} GB, {machine.Kernel}, .NET {machine.DotNet}; load,");
        page.Line($"services and servers on one machine. {report.Seconds:0} s, {report.Requests:N0} requests,");
        page.Line($"{report.Count("accepted"):N0} orders: six in ten are paid, one is cancelled, three expire.");
        page.Line($"Growth is the slope of the second half times its length.");
        foreach (var warning in report.Warnings)
        {
            page.Line($"Inconclusive: {warning}");
        }

        page.Table(
            ["value", "at half-time", "at the end", "growth", "limit", "within"],
            Growth.Of(report.Resources ?? []).Select(value => new[]
            {
                value.Name, Amount(value, value.From), Amount(value, value.To), value.Text, value.Kind.Text(value.Limit),
                value.IsWithinLimit ? "yes" : "**no**",
            }));
        page.Table("Pass marks", ["mark", "needed", "measured", "met"], report.Thresholds.Select(mark => new[]
        {
            mark.Name, mark.Needed, mark.Measured, mark.IsMet ? "yes" : "**no**",
        }));
        return page.ToString();
    }

    private static string Range(Growth value) =>
        value.Kind.IsPerOrder ? "" : $"; {value.Kind.Text(value.From)} to {value.Kind.Text(value.To)}";

    // Of what is counted by the order, the sum, in megabytes.
    private static string Amount(Growth value, double amount) =>
        value.Kind.IsPerOrder ? string.Create(CultureInfo.InvariantCulture, $"{amount / 1024 / 1024:#,0.#} MB") : value.Kind.Text(amount);
}
