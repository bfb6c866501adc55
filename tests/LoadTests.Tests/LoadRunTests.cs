using Seckill.LoadTests.Engine;
using Seckill.LoadTests.Load;
using Seckill.LoadTests.Reporting;
using Spectre.Console;

namespace Seckill.LoadTests.Tests;

/// <summary>A whole run: what is counted, what the audit finds, what the report says, and which pass mark turns the exit code.</summary>
public sealed class LoadRunTests
{
    private static readonly IAnsiConsole s_silent = AnsiConsole.Create(new AnsiConsoleSettings
    {
        Ansi = AnsiSupport.No, Interactive = InteractionSupport.No, Out = new AnsiConsoleOutput(TextWriter.Null),
    });

    // Its stock does not last here, and shall not.
    private static readonly Scenario s_short = Scenarios.Steady with { Refusals = ["sold-out"] };

    private static readonly LoadSettings s_settings = Scenarios.Steady.Defaults with
    {
        Rate = 300, Seconds = 1, Stock = 100, WarmUpSeconds = 0, Connections = 20, MaximumP99Milliseconds = 60_000,
    };

    [Fact]
    public async Task A_system_that_keeps_its_promises_passes_and_every_visitor_is_accounted_for()
    {
        await using var system = await new FakeSystem().StartAsync();
        var report = await RunAsync(system, s_short, s_settings with { WarmUpSeconds = 1 });
        Assert.All(report.Thresholds, mark => Assert.True(mark.IsMet, mark.ToString()));
        Assert.Equal((300, 300), (report.Visitors, report.Requests));
        Assert.Equal((200, 100), (report.Count("accepted"), report.Count("sold-out")));
        Assert.Equal(300, report.Series.Sum(second => second.Requests));
        Assert.Equal(300, report.All.Count);
        Assert.Equal(0, report.Series[^1].StockLeft);
    }

    [Fact]
    public async Task A_lost_order_fails_the_run()
    {
        await using var system = await new FakeSystem { Loses = true }.StartAsync();
        var report = await RunAsync(system, s_short, s_settings);
        Assert.Equal("20", report.Thresholds.Single(mark => mark.Name == "lost orders").Measured);
        Assert.False(report.IsPassed);
    }

    [Fact]
    public async Task An_oversold_unit_fails_the_run()
    {
        await using var system = await new FakeSystem { Oversells = true }.StartAsync();
        var report = await RunAsync(system, s_short, s_settings);
        Assert.Equal("20", report.Thresholds.Single(mark => mark.Name == "oversold units").Measured);
        Assert.False(report.IsPassed);
    }

    [Fact]
    public async Task Too_many_errors_fail_the_run_and_a_generous_mark_lets_them_pass()
    {
        await using var system = await new FakeSystem { IsDown = true }.StartAsync();
        var report = await RunAsync(system, s_short, s_settings);
        Assert.False(report.Thresholds.Single(mark => mark.Name == "errors").IsMet);
        Assert.True(report.Count("unavailable") >= 20);
        var tally = new Tally();
        tally.Record(Step.Order, Outcome.Find("unavailable")!, 1_000);
        Assert.True(Threshold.Of(s_settings with { MaximumErrorPercent = 100 }, [], tally, 0, 0, 0).All(mark => mark.IsMet));
    }

    [Fact]
    public async Task An_unexpected_refusal_fails_the_run()
    {
        await using var system = await new FakeSystem().StartAsync();
        var report = await RunAsync(system, Scenarios.Steady, s_settings);
        var mark = report.Thresholds.Single(mark => !mark.IsMet);
        Assert.Equal(("unexpected refusals", "33.333 % sold-out"), (mark.Name, mark.Measured));
    }

    [Fact]
    public async Task A_run_that_did_not_show_what_it_is_about_says_so()
    {
        await using var system = await new FakeSystem().StartAsync();
        var report = await RunAsync(system, s_short with { Shows = Scenarios.Rush.Shows }, s_settings with { Stock = 10_000 });
        Assert.Contains(report.Warnings, warning => warning.StartsWith("No order was answered sold-out", StringComparison.Ordinal));
        Assert.True(report.IsPassed);
    }

    [Fact]
    public async Task An_order_is_not_lost_because_the_auditor_asks_too_often()
    {
        await using var system = await new FakeSystem { IsStrict = true }.StartAsync();
        var report = await RunAsync(system, s_short, s_settings with { Stock = 5 });
        Assert.True(report.IsPassed, string.Join(' ', report.Findings));
    }

    [Fact]
    public async Task A_run_that_is_stopped_is_audited_and_does_not_pass()
    {
        await using var system = await new FakeSystem().StartAsync();
        using var stop = new CancellationTokenSource();
        var run = new LoadRun(system.Target, s_short, s_settings with { Seconds = 600 }, s_silent).RunAsync(stop.Token);
        await Task.WhenAny(run, system.FirstOrder);
        await stop.CancelAsync();
        var report = await run;
        Assert.Equal("ran to its end", report.Thresholds.Single(mark => !mark.IsMet).Name);
        Assert.Contains(report.Audit, section => section.Rows.Any(row => row.Name == "Looked up" && row.Value != "0"));
    }

    [Fact]
    public async Task A_run_whose_audit_fails_closes_its_sale()
    {
        await using var system = await new FakeSystem { HasNoAudit = true }.StartAsync();
        await Assert.ThrowsAsync<HttpRequestException>(() => RunAsync(system, s_short, s_settings));
        Assert.Equal(0, system.OpenSales);
    }

    [Fact]
    public void A_stock_that_was_not_asked_for_fits_the_crowd()
    {
        var (whole, half) = (Scenarios.Rush.Defaults, Scenarios.Rush.Defaults with { Rate = Scenarios.Rush.Defaults.Rate / 2 });
        Assert.InRange(Scenarios.Rush.Sized(whole).Stock, 4_000, 6_000);
        Assert.InRange(Scenarios.Rush.Sized(half).Stock, 2_000, 3_000);
        Assert.Equal(7, Scenarios.Rush.Sized(half with { Stock = 7 }).Stock);
        Assert.Equal(0, Scenarios.Steady.Sized(Scenarios.Steady.Defaults).Stock);
    }

    [Theory]
    [InlineData("rush --rate abc", "--rate must be a number from 0.1 to 1000000, not 'abc'.")]
    [InlineData("rush --seconds 1.5", "--seconds must be a whole number from 1 to 1000000, not '1.5'.")]
    [InlineData("steady --errors NaN", "--errors must be a number from 0 to 100, not 'NaN'.")]
    [InlineData("steady --p99 -1", "--p99 must be a number from 0.001 to 600000, not '-1'.")]
    [InlineData("steady --errors 0", null)]
    [InlineData("soak --rate 0.5 --items 100", null)]
    public void A_number_that_cannot_be_used_is_named(string arguments, string? problem)
    {
        var errors = LoadCommand.Create().Parse(arguments).Errors;
        Assert.Equal(problem, errors.Count == 0 ? null : errors[0].Message);
    }

    [Theory]
    [InlineData(0, 0, 0, 5, true)]
    [InlineData(1, 0, 0, 5, false)]
    [InlineData(0, 1, 0, 5, false)]
    [InlineData(0, 0, 1, 5, false)]
    [InlineData(0, 0, 0, 4, false)]
    public void A_run_passes_when_every_mark_is_met(long lost, long oversold, int wrong, double maximumP99, bool isPassed)
    {
        var tally = new Tally();
        tally.Record(Step.Order, Outcome.Accepted, 4_500);
        var marks = Threshold.Of(s_settings with { MaximumP99Milliseconds = maximumP99 }, [], tally, lost, oversold, wrong);
        Assert.Equal(isPassed, marks.All(mark => mark.IsMet));
    }

    [Fact]
    public void A_run_without_a_single_request_does_not_pass() =>
        Assert.Contains(Threshold.Of(s_settings, [], new Tally(), 0, 0, 0), mark => !mark.IsMet);

    [Fact]
    public async Task The_report_contains_what_was_run_and_needs_nothing_but_itself()
    {
        await using var system = await new FakeSystem { Loses = true }.StartAsync();
        var report = await RunAsync(system, s_short, s_settings);
        var directory = Directory.CreateTempSubdirectory("seckill-report").FullName;
        try
        {
            await ReportFiles.WriteAsync(report, directory);
            var page = await File.ReadAllTextAsync(Path.Combine(directory, "report.html"));
            foreach (var part in (string[])["steady", "Not passed", "accepted", "sold-out", "p99.9", "lost orders", "Stock left", "Backlog",
                system.Target.Apis[0].ToString(), report.Machine.Cpu, "GET orders/"])
            {
                Assert.Contains(System.Net.WebUtility.HtmlEncode(part), page, StringComparison.Ordinal);
            }

            // Once for the desk and once for the phone; nothing is fetched, and nothing runs.
            Assert.Equal(8, page.Split("<svg ").Length - 1);
            Assert.DoesNotContain("<script", page, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("src=", page, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("<link", page, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("NaN", page, StringComparison.Ordinal);

            var again = await RunReport.ReadAsync(Path.Combine(directory, "report.json"));
            Assert.Equal(ReportFiles.Markdown(report), ReportFiles.Markdown(again));
            Assert.Equal(HtmlReport.Write(report), HtmlReport.Write(again));
            var csv = await File.ReadAllLinesAsync(Path.Combine(directory, "seconds.csv"));
            Assert.Equal(report.Series.Count + 1, csv.Length);
            Assert.All(csv, line => Assert.Equal(csv[0].Split(',').Length, line.Split(',').Length));
            Assert.Contains("accepted,sold_out", csv[0], StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public async Task A_comparison_shows_what_changed_and_what_makes_it_inconclusive()
    {
        await using var system = await new FakeSystem().StartAsync();
        var before = await RunAsync(system, s_short, s_settings);
        var after = before with
        {
            Latencies = [.. before.Latencies.Select(latency => latency with { P99 = latency.P99 * 2 })],
            Settings = before.Settings with { Rate = 301 },
        };
        var comparison = Comparison.Of(before, after);
        Assert.Equal(100, comparison.Figures.Single(figure => figure.Name == "p99, ms").ChangePercent!.Value, 0.001);
        Assert.Equal(0, comparison.Figures.Single(figure => figure.Name == "accepted").ChangePercent);
        Assert.Equal("setting Rate: 300 and 301", Assert.Single(comparison.Differences));
        Assert.Empty(Comparison.Of(before, before).Differences);
    }

    [Fact]
    public async Task A_file_that_is_no_report_is_refused()
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, """{"scenario":"rush"}""");
        await Assert.ThrowsAsync<System.Text.Json.JsonException>(() => RunReport.ReadAsync(file));
        File.Delete(file);
    }

    [Fact]
    public void Every_scenario_has_a_plan_of_the_length_that_was_asked_for() =>
        Assert.All(Scenarios.All, scenario =>
        {
            Assert.Equal(30, scenario.Arrivals(scenario.Defaults with { Seconds = 30 }).Seconds, 0.001);
            Assert.True(scenario.Arrivals(scenario.Defaults).Count > 0);
        });

    private static Task<RunReport> RunAsync(FakeSystem system, Scenario scenario, LoadSettings settings) =>
        new LoadRun(system.Target, scenario, settings, s_silent).RunAsync(CancellationToken.None);
}
