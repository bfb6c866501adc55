using System.Text.RegularExpressions;

namespace Seckill.System.Tests.Alerts;

/// <summary>What people look at and are woken by is checked by the programs that will read it, and by who will read it at night.</summary>
public sealed partial class RuleTests
{
    private static readonly string s_rulesFolder = Path.GetDirectoryName(Repository.Rules)!;

    [Fact]
    public async Task Prometheus_takes_the_rules_and_its_configuration()
    {
        var (code, output) = await Tool.RunAsync("promtool", null, "check", "rules", Repository.Rules);
        Assert.True(code == 0, output);
        Assert.Contains($"SUCCESS: {Repository.Alerts.Count} rules found", output, StringComparison.Ordinal);
        (code, output) = await Tool.RunAsync(
            "promtool", null, "check", "config", Path.Combine(s_rulesFolder, "prometheus.yml"));
        Assert.True(code == 0, output);
    }

    [Fact]
    public async Task Each_rule_is_quiet_below_its_threshold_and_fires_above_it()
    {
        var tests = Path.Combine(s_rulesFolder, "alerts.test.yml");
        var (code, output) = await Tool.RunAsync("promtool", null, "test", "rules", tests);
        Assert.True(code == 0, output);
        Assert.Equal(
            Repository.Alerts.Select(alert => alert.Name).Order(),
            TestedAlert().Matches(await File.ReadAllTextAsync(tests)).Select(match => match.Groups[1].Value).Order());
    }

    [Fact]
    public async Task Each_alert_has_a_runbook()
    {
        var page = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs", "OPERATIONS.md"));
        Assert.NotEmpty(Repository.Alerts);
        Assert.All(Repository.Alerts, alert =>
        {
            Assert.Equal("docs/OPERATIONS.md#" + alert.Name.ToLowerInvariant(), alert.Runbook);
            Assert.Contains($"\n### {alert.Name}\n", page, StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task Each_panel_of_the_dashboard_has_an_expression_that_Prometheus_understands()
    {
        var expressions = Repository.DashboardExpressions();
        Assert.InRange(expressions.Count, 20, 200);
        var file = Path.Combine(Path.GetTempPath(), $"seckill-panels-{Guid.NewGuid():N}.yml");
        try
        {
            await File.WriteAllLinesAsync(file, ["groups:", "  - name: panels", "    rules:", .. expressions.SelectMany((text, i) =>
                new[] { $"      - record: panel:{i}", "        expr: '" + text.Replace("'", "''", StringComparison.Ordinal) + "'" })]);
            var (code, output) = await Tool.RunAsync("promtool", null, "check", "rules", file);
            Assert.True(code == 0, output);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [GeneratedRegex(@"^  - name: (\w+)$", RegexOptions.Multiline)]
    private static partial Regex TestedAlert();
}
