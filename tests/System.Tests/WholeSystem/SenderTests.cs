using System.Diagnostics;
using System.Globalization;
using Dapper;
using Seckill.LoadTests;
using Seckill.LoadTests.Reporting;
using Seckill.LoadTests.Results;
using Seckill.Tests.Harness.Clients;
using Seckill.Tests.Harness.Processes;

namespace Seckill.System.Tests.WholeSystem;

/// <summary>
/// Promise: a load run says the same whichever generator sends it. Both programs run with the same arguments on the same real system, the
/// one of NBomber with the stand-in for its package. Broken by a part of the run that only one of them has: a restock, an audit, a pass
/// mark, an answer to SIGTERM.
/// </summary>
public sealed class SenderTests(SenderSite site, ITestOutputHelper output) : IClassFixture<SenderSite>
{
    private static readonly string[] s_scenarios = ["steady", "rush", "restock"];
    private static readonly bool[] s_isNBomber = [false, true];

    [Fact]
    public async Task Both_senders_find_a_healthy_system_right()
    {
        foreach (var (own, other) in await RunAsync(site.Api, _ => Task.CompletedTask))
        {
            AssertRight(own);
            AssertRight(other);
            AssertAlike(own, other);
            // What was offered, with what restock added.
            Assert.Equal(Unsold(own.Report).Meaning, Unsold(other.Report).Meaning);
            if (own.Report.Scenario == "steady")
            {
                Assert.Equal(own.Report.Audit.SelectMany(section => section.Rows), other.Report.Audit.SelectMany(section => section.Rows));
                Assert.Equal(own.Report.Outcomes, other.Report.Outcomes);
            }
        }
    }

    [Fact]
    public async Task Both_senders_find_that_the_API_has_died()
    {
        foreach (var (own, other) in await RunAsync(site.Victim, _ => site.Victim.KillAsync(), seconds: 15))
        {
            Assert.Equal((1, 1), (own.ExitCode, other.ExitCode));
            AssertAlike(own, other);
            Assert.Contains("errors", Missed(other.Report));
        }
    }

    [Fact]
    public async Task Both_senders_stop_at_SIGTERM_and_audit_what_they_sent()
    {
        foreach (var (own, other) in await RunAsync(
            site.Api,
            runs =>
            {
                runs.ToList().ForEach(run => run.Stop());
                return Task.CompletedTask;
            },
            seconds: 300, maximumErrorPercent: 100))
        {
            Assert.Equal((1, 1), (own.ExitCode, other.ExitCode));
            AssertAlike(own, other);
            Assert.Equal(["ran to its end"], Missed(other.Report));
            Assert.Equal((0, 0), (own.Report.Count("timeout"), other.Report.Count("timeout")));
        }
    }

    [Fact]
    public async Task The_script_for_k6_runs_where_k6_is_installed()
    {
        var paths = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':');
        Assert.SkipUnless(paths.Any(path => File.Exists(Path.Combine(path, "k6"))), "k6 is not installed.");
        var sale = await Sale.OpenAsync(site.Inventory, units: 100);
        var tokens = Path.GetTempFileName();
        using var token = Process.Start(
            new ProcessStartInfo("dotnet", [LoadProcess.Own, "token", "1-500"]) { RedirectStandardOutput = true })!;
        await File.WriteAllTextAsync(tokens, await token.StandardOutput.ReadToEndAsync());
        using var k6 = Process.Start(new ProcessStartInfo("k6",
        [
            "run", "-e", $"URL={site.Api.Url}", "-e", $"SALE={sale.Id}", "-e", $"SKU={sale.Skus[0]}", "-e", $"TOKENS={tokens}",
            "-e", "RATE=100", "-e", "SECONDS=3", "-e", "P99=30000", Path.Combine(Checkout.Root, "loadtests", "k6", "orders.js"),
        ]))!;
        await k6.WaitForExitAsync().InTime();
        Assert.Equal(0, k6.ExitCode);
    }

    // All scenarios with both senders, side by side; `disturb` is called when all of them sell.
    private async Task<List<(LoadEnd Own, LoadEnd Other)>> RunAsync(
        ServiceProcess api, Func<IReadOnlyList<LoadProcess>, Task> disturb, int seconds = 3, double maximumErrorPercent = 0.1)
    {
        var since = Stopwatch.GetTimestamp();
        var before = await SellingAsync();
        // Without a warm-up, which sends as fast as it can, six times here. A visitor who gives up on a busy machine is not what the
        // senders are compared by.
        string[] arguments =
        [
            "--rate", "40", "--seconds", $"{seconds}", "--warm-up", "0", "--p99", "60000", "--timeout", "60", "--connections", "100",
            "--errors", maximumErrorPercent.ToString(CultureInfo.InvariantCulture),
            "--url", api.Url.AbsoluteUri, "--ops-url", site.Inventory.Url.AbsoluteUri,
        ];
        LoadProcess[] runs =
        [
            .. s_scenarios.SelectMany(scenario => s_isNBomber
                .Select(isNBomber => LoadProcess.Start(isNBomber, ["load", scenario, .. arguments]))),
        ];
        try
        {
            await Eventually.IsTrueAsync("all of them sell", async () => await SellingAsync() == before + runs.Length);
            await disturb(runs);
            var ends = await Task.WhenAll(runs.Select(run => run.EndsAsync()));
            output.WriteLine($"{ends.Length} runs in {Stopwatch.GetElapsedTime(since).TotalSeconds:0.0} s");
            ends.ToList().ForEach(end => output.WriteLine($"{end.Report.Scenario}: {string.Join(", ", end.Report.Outcomes)}"));
            return [.. ends.Chunk(2).Select(pair => (pair[0], pair[1]))];
        }
        finally
        {
            runs.ToList().ForEach(run => run.Dispose());
        }
    }

    // Sales of load runs with some orders: their buyers have most of the answers.
    private static async Task<long> SellingAsync()
    {
        await using var connection = await Servers.Orders.OpenConnectionAsync();
        return await connection.ExecuteScalarAsync<long>(
            """
            select count(*) from sales s
            where s.name like 'Load: %' and (select count(*) from orders o where o.sale_id = s.sale_id) >= 8
            """);
    }

    // Inconclusive is right as well: six generators and a system on one machine may be late.
    private static void AssertRight(LoadEnd end)
    {
        Assert.Empty(Missed(end.Report));
        Assert.Equal(end.Report.Warnings.Count == 0 ? ExitCode.Right : ExitCode.Inconclusive, end.ExitCode);
    }

    private static void AssertAlike(LoadEnd own, LoadEnd other)
    {
        Assert.Equal(own.Report.Thresholds.Select(mark => (mark.Name, mark.Needed, mark.IsMet)),
            other.Report.Thresholds.Select(mark => (mark.Name, mark.Needed, mark.IsMet)));
        Assert.Equal(Verdicts(own.Report), Verdicts(other.Report));
        Assert.Equal(own.Report.Summary, other.Report.Summary);
        // Both on the terminal.
        Assert.All([own.Output, other.Output], text =>
            Assert.All(["Pass marks", "Own audit", "report: "], words => Assert.Contains(words, text, StringComparison.Ordinal)));
    }

    private static IEnumerable<(string, string, RowVerdict)> Verdicts(RunReport report) =>
        report.Audit.SelectMany(section => section.Rows.Select(row => (section.Title, row.Name, row.Verdict)));

    private static IEnumerable<string> Missed(RunReport report) =>
        report.Thresholds.Where(mark => !mark.IsMet).Select(mark => mark.Name);

    private static ResultRow Unsold(RunReport report) =>
        report.Audit.SelectMany(section => section.Rows).Single(row => row.Name == "Unsold");
}
