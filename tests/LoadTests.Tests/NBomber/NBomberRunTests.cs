using NBomber.StandIn;
using Seckill.LoadTests.Load;
using Seckill.LoadTests.NBomber;
using Seckill.LoadTests.Reporting;
using Seckill.LoadTests.Results;
using Spectre.Console;

namespace Seckill.LoadTests.Tests.NBomber;

/// <summary>
/// Promise: a load run that NBomber sends means what Seckill's own means. The sender of loadtests/NBomber runs here on the published
/// signatures, with a fake engine behind them. Each test names the fault that it was red for.
/// </summary>
public sealed class NBomberRunTests : IDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);
    private static readonly Scenario s_short = Scenarios.Steady with { Refusals = ["sold-out"] };

    private static readonly LoadSettings s_settings = Scenarios.Steady.Defaults with
    {
        Rate = 300, Seconds = 1, Stock = 100, WarmUpSeconds = 0, Connections = 20, MaximumP99Milliseconds = 60_000,
    };

    private readonly StringWriter _terminal = new();
    private readonly DirectoryInfo _reports = Directory.CreateTempSubdirectory("seckill-nbomber-");

    private IAnsiConsole Console => AnsiConsole.Create(new AnsiConsoleSettings
    {
        Ansi = AnsiSupport.No, Interactive = InteractionSupport.No, Out = new AnsiConsoleOutput(_terminal),
    });

    public void Dispose() => _reports.Delete(recursive: true);

    // Was: --warm-up 0 always failed, because the warm-up must have been refused, and left the sale open.
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_healthy_system_passes_with_and_without_a_warm_up_and_its_sale_is_closed(int warmUpSeconds)
    {
        await using var system = await new FakeSystem().StartAsync();
        var script = new EngineScript().Use();
        var report = await RunAsync(system, s_short, s_settings with { WarmUpSeconds = warmUpSeconds });
        Assert.All(report.Thresholds, mark => Assert.True(mark.IsMet, mark.ToString()));
        Assert.Equal((300, 200, 100), (report.Visitors, report.Count("accepted"), report.Count("sold-out")));
        Assert.Equal(0, system.OpenSales);
        Assert.Equal(300, script.Stats!.ScenarioStats[0].Ok.Request.Count);
        Assert.Equal("seckill/steady", $"{script.Context!.TestSuite}/{script.Context.TestName}");
        Assert.Contains("sent by NBomber", report.Loop, StringComparison.Ordinal);
    }

    // Was: a run that threw left its sale open.
    [Fact]
    public async Task A_run_that_fails_says_why_and_its_sale_is_closed()
    {
        await using var system = await new FakeSystem().StartAsync();
        _ = new EngineScript { Failure = new NotSupportedException("no licence") }.Use();
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => RunAsync(system, Scenarios.Restock, s_settings));
        Assert.Contains("no licence", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, system.OpenSales);
    }

    // Was: restock sent the visitors and no stock.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Restock_doubles_the_stock_whatever_sends_it(bool isNBomber)
    {
        await using var system = await new FakeSystem().StartAsync();
        var settings = s_settings with { Rate = 50, Seconds = 2, Stock = 10 };
        var report = await (isNBomber
            ? RunAsync(system, Scenarios.Restock, settings)
            : new LoadRun(system.Target, Scenarios.Restock, settings, Console).RunAsync(CancellationToken.None));
        Assert.Equal(2 * 2 * 10, system.Allocated);
        Assert.True(report.IsPassed, string.Join('\n', report.Findings));
    }

    // Was: the headline said "ok 1600, fail 0" while the API was dead.
    [Fact]
    public async Task The_headline_of_NBomber_shows_that_the_API_has_died_and_so_does_the_verdict()
    {
        await using var system = await new FakeSystem { DiesAfter = 100 }.StartAsync();
        var script = new EngineScript().Use();
        var report = await RunAsync(system, s_short, s_settings with { Stock = 1_000 });
        var (accepted, failed) = ((int)report.Count("accepted"), (int)report.Count("connection-lost"));
        Assert.Equal(300, accepted + failed);
        Assert.True(failed > 100);
        Assert.Equal((accepted, failed), (script.Iterations!.Ok.Request.Count, script.Iterations.Fail.Request.Count));
        var requests = script.Stats!.ScenarioStats[0];
        Assert.Equal((accepted, failed), (requests.Ok.Request.Count, requests.Fail.Request.Count));
        // Else NBomber ends a run of any length after 5,000 failures.
        Assert.Equal(int.MaxValue, script.Context!.Scenario.MaxFailCount);
        Assert.Equal([false, true, false], script.Stats.Thresholds.Select(threshold => threshold.IsFailed));
        Assert.Equal(["errors", "other findings of the audit"], report.Thresholds.Where(mark => !mark.IsMet).Select(mark => mark.Name));
    }

    // Was: it went on, and each request after the signal counted as a time-out.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_stop_ends_the_load_and_the_audit_follows_even_when_NBomber_goes_on(bool isDeaf)
    {
        await using var system = await new FakeSystem().StartAsync();
        using var stop = new CancellationTokenSource();
        var script = new EngineScript { IsDeaf = isDeaf }.Use();
        var run = RunAsync(system, s_short, s_settings with { Seconds = isDeaf ? 30 : 600, Stock = 100_000 }, stop.Token);
        await Task.WhenAny(run, system.FirstOrder);
        await stop.CancelAsync();
        var before = system.Orders;
        var report = await run.WaitAsync(s_limit);
        // Those who were on their way; the deaf engine would bring 300 more in each of five seconds.
        Assert.InRange(report.Visitors, 1, before + 300);
        Assert.Equal("ran to its end", report.Thresholds.Single(mark => !mark.IsMet).Name);
        Assert.Equal(report.Visitors, report.Count("accepted"));
        Assert.NotNull(script.StopReason);
        Assert.Contains(report.Audit, section => section.Rows.Any(row => row.Name == "Looked up" && row.Verdict == RowVerdict.Right));
    }

    // Was: exit code 1 and not a word about it, and no audit.
    [Fact]
    public async Task What_fails_a_run_is_on_the_terminal_with_the_audit_and_the_pass_marks()
    {
        await using var system = await new FakeSystem { Loses = true }.StartAsync();
        var report = await RunAsync(system, s_short, s_settings);
        LoadResultTable.Print(Console, report);
        Assert.Equal("20", report.Thresholds.Single(mark => mark.Name == "lost orders").Measured);
        foreach (var words in (string[])["NOT PASSED", "Pass marks", "Lost orders", "Orders promised", "Own audit", "Lost: GET orders/"])
        {
            Assert.Contains(words, _terminal.ToString(), StringComparison.Ordinal);
        }
    }

    // Was: a relative folder, which NBomber looks for below the program.
    [Fact]
    public async Task The_report_of_NBomber_is_beside_our_own_and_so_is_its_configuration()
    {
        await using var system = await new FakeSystem().StartAsync();
        var script = new EngineScript().Use();
        var relative = Path.GetRelativePath(Environment.CurrentDirectory, _reports.FullName);
        var sender = new NBomberSender(relative, "/etc/nbomber.json");
        await new LoadRun(system.Target, s_short, s_settings, Console, sender).RunAsync(CancellationToken.None);
        Assert.Equal(Path.Combine(_reports.FullName, "nbomber"), script.Context!.ReportFolder);
        Assert.Equal("/etc/nbomber.json", script.Context.Config);
    }

    // Was: more users than connections waited for one, and their think time counted as latency of the scenario.
    [Fact]
    public async Task Every_user_of_a_closed_loop_has_a_connection_and_think_time_is_no_latency()
    {
        await using var system = await new FakeSystem().StartAsync();
        var script = new EngineScript().Use();
        var settings = s_settings with { Users = 12, Connections = 2, Seconds = 2, ThinkMilliseconds = 800, Stock = 10_000 };
        using var run = new SaleRun(system.Target, s_short, settings, Console, new NBomberSender(_reports.FullName, null));
        await run.SellAsync(CancellationToken.None);
        var total = run.Recorder.Total;
        Assert.Equal(0, total.Waited);
        Assert.InRange(total.Arrivals, 12, 12 * 2 * 3);
        Assert.Equal(total.Arrivals, script.Iterations!.Ok.Request.Count);
        // The shortest pause is 400 ms.
        Assert.InRange(script.Iterations.Ok.Latency.Percent50, 0.001, 350);
    }

    // Was: a latency that began only when the engine got round to the visitor, so that a late engine made a fast system.
    [Fact]
    public async Task A_visitor_who_begins_after_its_second_is_late_and_one_within_it_is_not()
    {
        await using var system = await new FakeSystem().StartAsync();
        var settings = s_settings with { Rate = 50, Seconds = 2, Stock = 1_000, MaximumP99Milliseconds = 10_000 };
        var onTime = await RunAsync(system, s_short, settings);
        Assert.InRange(onTime.All.P50, 0, 350);
        _ = new EngineScript { Late = TimeSpan.FromSeconds(1.5) }.Use();
        var late = await RunAsync(system, s_short, settings);
        // From 0.5 s for the first visitor of a second to 1.5 s for the last.
        Assert.InRange(late.All.P50, 500, 10_000);
        Assert.Contains(late.Warnings, warning => warning.StartsWith("The generator was late", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_warm_up_of_NBomber_sells_nothing()
    {
        await using var system = await new FakeSystem().StartAsync();
        _ = new EngineScript { WarmUpIterations = 3 }.Use();
        var report = await RunAsync(system, s_short, s_settings);
        Assert.Equal((300, 300), (report.Visitors, report.Requests));
    }

    [Fact]
    public async Task A_visitor_whom_NBomber_forgets_makes_the_run_inconclusive()
    {
        await using var system = await new FakeSystem().StartAsync();
        _ = new EngineScript { Forgets = 1 }.Use();
        var report = await RunAsync(system, s_short, s_settings);
        Assert.Contains("300 visitors were planned, and 299 came.", report.Warnings);
    }

    private Task<RunReport> RunAsync(
        FakeSystem system, Scenario scenario, LoadSettings settings, CancellationToken cancellationToken = default) =>
        new LoadRun(system.Target, scenario, settings, Console, new NBomberSender(_reports.FullName, null)).RunAsync(cancellationToken);
}
