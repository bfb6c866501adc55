using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Seckill.System.Tests.Alerts;

/// <summary>What the repository says is measured, shown and alarmed.</summary>
internal static partial class Repository
{
    public static string Root { get; } = FindRoot();

    public static string Rules => Path.Combine(Root, "deploy", "prometheus", "alerts.yml");

    public static string Dashboard => Path.Combine(Root, "deploy", "grafana", "dashboards", "seckill.json");

    /// <summary>Name, expression, time within which it fires, and runbook of every alert.</summary>
    public static IReadOnlyList<Alert> Alerts { get; } =
    [
        .. AlertText().Matches(File.ReadAllText(Rules)).Select(match => new Alert(
            match.Groups["name"].Value, match.Groups["expr"].Value, TimeSpan.FromSeconds(int.Parse(match.Groups["within"].Value)),
            match.Groups["runbook"].Value)),
    ];

    /// <summary>Expressions of the dashboard.</summary>
    public static IReadOnlyList<string> DashboardExpressions()
    {
        using var dashboard = JsonDocument.Parse(File.ReadAllText(Dashboard));
        return
        [
            .. from panel in dashboard.RootElement.GetProperty("panels").EnumerateArray()
               where panel.TryGetProperty("targets", out _)
               from target in panel.GetProperty("targets").EnumerateArray()
               select target.GetProperty("expr").GetString()!,
        ];
    }

    /// <summary>The metrics that an expression reads.</summary>
    public static IEnumerable<string> Metrics(string expression) =>
        Metric().Matches(Quoted().Replace(expression, "\"\"")).Select(match => match.Value).Distinct();

    private static string FindRoot([CallerFilePath] string thisFile = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(thisFile)!, "..", "..", ".."));

    [GeneratedRegex(
        @"- alert: (?<name>\w+)\s+expr: (?<expr>.+?)\n\s+(for: \w+\s+)?labels:.+?"
        + @"fires_within: (?<within>\d+)s\s+runbook_url: (?<runbook>\S+)",
        RegexOptions.Singleline)]
    private static partial Regex AlertText();

    // A label is followed by its matcher; a function by its bracket.
    [GeneratedRegex(@"\b(seckill|http|dotnet|db|kestrel|messaging)_[a-z0-9_]+(?!\w|\s*(=|!=|=~|!~))")]
    private static partial Regex Metric();

    [GeneratedRegex("\"[^\"]*\"")]
    private static partial Regex Quoted();
}

/// <summary>An alert as it stands in the rules.</summary>
internal sealed record Alert(string Name, string Expression, TimeSpan FiresWithin, string Runbook);
