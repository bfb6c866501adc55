using System.CommandLine;
using System.Globalization;
using Seckill.LoadTests.Client;
using Seckill.LoadTests.Reporting;
using Seckill.LoadTests.Results;

namespace Seckill.LoadTests.Load;

/// <summary><c>load</c>: sends a scenario to a system, audits it and writes a report. Called by <c>./seckill load</c>.</summary>
public static class LoadCommand
{
    /// <summary>The command, for the table in Program.cs.</summary>
    /// <param name="createSender">By the command line and the directory of the report; Seckill's own engine when not given.</param>
    /// <param name="options">Of that sender.</param>
    public static Command Create(Func<ParseResult, string, ISender>? createSender = null, params Option[] options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var url = new Option<string?>("--url") { Description = "Storefront, or several, separated by commas (default: ORDER_URLS)." };
        var opsUrl = new Option<string?>("--ops-url") { Description = "InventoryService (default: INVENTORY_URL)." };
        var output = new Option<string>("--output")
        {
            Description = "Parent of the report's directory.",
            DefaultValueFactory = _ => Path.Combine("loadtests", "reports"),
        };
        var check = new Option<bool>("--check") { Description = "Checks the command line only.", Hidden = true };
        var command = new Command("load", "Sends a scenario to a system, audits it and writes a report.")
        {
            url, opsUrl, output, check,
        };
        foreach (var scenario in Scenarios.All)
        {
            command.Add(Create(scenario, url, opsUrl, output, check, createSender));
        }

        foreach (var option in options)
        {
            command.Add(option);
        }

        foreach (var option in (Option[])[url, opsUrl, output, check, .. options])
        {
            option.Recursive = true;
        }

        command.Add(CompareCommand.Create());
        return command;
    }

    private static Command Create(
        Scenario scenario, Option<string?> url, Option<string?> opsUrl, Option<string> output, Option<bool> check,
        Func<ParseResult, string, ISender>? createSender)
    {
        var normal = scenario.Defaults;
        var rate = NumberOption.Create("--rate", $"Maximum visitors per second (default {normal.Rate:0}).", 0.1, 1_000_000);
        var seconds = NumberOption.Create("--seconds", $"Duration of the arrivals in seconds (default {normal.Seconds}).", 1, 1_000_000);
        var users = NumberOption.Create("--users", "A closed loop with this number of users, instead of arrivals.", 1, 20_000);
        var think = NumberOption.Create("--think", "Milliseconds between two visits of a user of a closed loop (default 0).", 0, 600_000);
        var buyers = NumberOption.Create(
            "--buyers", "Distinct buyers (default: as many as visitors, unless the scenario has few).", 1, LoadSettings.MaximumBuyers);
        var stock = NumberOption.Create("--stock", "Units of each item (default: what the scenario needs at this rate).", 1, 100_000_000);
        var items = NumberOption.Create("--items", $"Items on sale (default {normal.Items}).", 1, 100);
        var connections = NumberOption.Create("--connections", $"Maximum concurrent requests (default {normal.Connections}).", 1, 20_000);
        var warmUp = NumberOption.Create("--warm-up", $"Seconds of load before the measurement (default {normal.WarmUpSeconds}).", 0, 600);
        var p99 = NumberOption.Create(
            "--p99", $"Pass mark for p99 in milliseconds (default {normal.MaximumP99Milliseconds:0}).", 0.001, 600_000);
        var timeout = NumberOption.Create(
            "--timeout", $"Seconds that a visitor waits for an answer (default {normal.TimeoutSeconds}).", 1, 600);
        var errors = NumberOption.Create("--errors", $"Pass mark for errors in percent (default {normal.MaximumErrorPercent}).", 0.0, 100);
        var command = new Command(scenario.Name, scenario.Summary)
        {
            rate, seconds, users, think, buyers, stock, items, connections, warmUp, timeout, p99, errors,
        };
        command.SetAction((parsed, cancellationToken) => parsed.GetValue(check) ? Task.FromResult(ExitCode.Right) : CommandGuard.RunAsync(
            needsStores: false,
            target => RunAsync(
                target, scenario, Settings(parsed), parsed.GetRequiredValue(output),
                directory => createSender?.Invoke(parsed, directory), cancellationToken),
            cancellationToken, parsed.GetValue(url), parsed.GetValue(opsUrl)));
        return command;

        LoadSettings Settings(ParseResult parsed) => scenario.Sized(normal with
        {
            Rate = parsed.GetValue(rate) ?? normal.Rate,
            Seconds = parsed.GetValue(seconds) ?? normal.Seconds,
            Users = parsed.GetValue(users) ?? normal.Users,
            ThinkMilliseconds = parsed.GetValue(think) ?? normal.ThinkMilliseconds,
            Buyers = parsed.GetValue(buyers) ?? normal.Buyers,
            Stock = parsed.GetValue(stock) ?? normal.Stock,
            Items = parsed.GetValue(items) ?? normal.Items,
            Connections = parsed.GetValue(connections) ?? normal.Connections,
            WarmUpSeconds = parsed.GetValue(warmUp) ?? normal.WarmUpSeconds,
            TimeoutSeconds = parsed.GetValue(timeout) ?? normal.TimeoutSeconds,
            MaximumP99Milliseconds = parsed.GetValue(p99) ?? normal.MaximumP99Milliseconds,
            MaximumErrorPercent = parsed.GetValue(errors) ?? normal.MaximumErrorPercent,
        });
    }

    private static async Task<int> RunAsync(
        LoadTarget target, Scenario scenario, LoadSettings settings, string output, Func<string, ISender?> createSender,
        CancellationToken cancellationToken)
    {
        // Fails before the run when the directory cannot be written.
        Directory.CreateDirectory(output);
        var date = TimeProvider.System.GetUtcNow().ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture);
        var directory = Path.GetFullPath(Path.Combine(output, $"{date}-{scenario.Name}"));
        var console = PlainConsole.Create();
        var report = await new LoadRun(target, scenario, settings, console, createSender(directory)).RunAsync(cancellationToken);
        await ReportFiles.WriteAsync(report, directory);
        LoadResultTable.Print(console, report);
        console.Profile.Out.Writer.WriteLine($"report: {Path.Combine(directory, "report.html")}");
        return !report.IsPassed ? ExitCode.Wrong : report.Warnings.Count > 0 ? ExitCode.Inconclusive : ExitCode.Right;
    }
}
