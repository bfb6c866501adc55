using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Npgsql;
using Seckill.LoadTests.Reporting;
using Seckill.LoadTests.Results;
using Spectre.Console;
using StackExchange.Redis;

namespace Seckill.LoadTests.Load;

/// <summary><c>load</c>: sends a scenario to a system, audits its books and writes a report. Called by <c>./seckill load</c>.</summary>
public static class LoadCommand
{
    /// <summary>The command, for the table in Program.cs.</summary>
    public static Command Create()
    {
        var url = new Option<string?>("--url") { Description = "Storefront, or several with commas; ORDER_URLS when not given." };
        var opsUrl = new Option<string?>("--ops-url") { Description = "InventoryService; INVENTORY_URL when not given." };
        var output = new Option<string>("--output")
        {
            Description = "Where a directory with the time is made for the report.",
            DefaultValueFactory = _ => Path.Combine("loadtests", "reports"),
        };
        var command = new Command("load", "Sends a scenario to a system, audits its books and writes a report.") { url, opsUrl, output };
        foreach (var scenario in Scenarios.All)
        {
            command.Add(Create(scenario, url, opsUrl, output));
        }

        foreach (var option in (Option[])[url, opsUrl, output])
        {
            option.Recursive = true;
        }

        command.Add(CompareCommand.Create());
        return command;
    }

    private static Command Create(Scenario scenario, Option<string?> url, Option<string?> opsUrl, Option<string> output)
    {
        var normal = scenario.Defaults;
        var rate = new Option<double?>("--rate") { Description = $"Visitors per second, at most ({normal.Rate:0})." };
        var seconds = Number("--seconds", $"How long visitors come ({normal.Seconds}).", 1, 1_000_000);
        var users = Number("--users", "A closed loop of so many users, instead of arrivals.", 1, 20_000);
        var think = Number("--think", "Milliseconds between two visits of a user of a closed loop (0).", 0, 600_000);
        var buyers = Number("--buyers", "Distinct buyers (as many as visitors, unless the scenario has few).", 1, LoadSettings.MostBuyers);
        var stock = Number("--stock", "Units of each item.", 1, 100_000_000);
        var items = Number("--items", $"Items on sale ({normal.Items}).", 1, 100);
        var connections = Number("--connections", $"Requests under way at once, at most ({normal.Connections}).", 1, 20_000);
        var warmUp = Number("--warm-up", $"Seconds of load before anything counts ({normal.WarmUpSeconds}).", 0, 600);
        var nbomber = new Option<bool>("--nbomber") { Description = "Under NBomber, in a build with -p:NBomber=true." };
        var p99 = new Option<double?>("--p99") { Description = $"Pass mark, milliseconds ({normal.MostP99Milliseconds:0})." };
        var errors = new Option<double?>("--errors") { Description = $"Pass mark, percent ({normal.MostErrorPercent})." };
        rate.Validators.Add(result =>
        {
            if (double.TryParse(result.Tokens[0].Value, CultureInfo.InvariantCulture, out var value) && value is not (> 0 and <= 1_000_000))
            {
                result.AddError("--rate must be above 0 and at most 1000000.");
            }
        });
        var command = new Command(scenario.Name, scenario.Summary)
        {
            rate, seconds, users, think, buyers, stock, items, connections, warmUp, p99, errors, nbomber,
        };
        command.SetAction((parsed, cancellationToken) => RunAsync(
            scenario,
            normal with
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
                MostP99Milliseconds = parsed.GetValue(p99) ?? normal.MostP99Milliseconds,
                MostErrorPercent = parsed.GetValue(errors) ?? normal.MostErrorPercent,
            },
            parsed.GetValue(url), parsed.GetValue(opsUrl), parsed.GetRequiredValue(output), parsed.GetValue(nbomber), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(
        Scenario scenario, LoadSettings settings, string? url, string? opsUrl, string output, bool nbomber,
        CancellationToken cancellationToken)
    {
        if (!LoadTarget.TryRead(Environment.GetEnvironmentVariable, url, opsUrl, out var target, out var problem))
        {
            await Console.Error.WriteLineAsync(problem);
            return ExitCode.Usage;
        }

        try
        {
            if (nbomber)
            {
#if NBOMBER
                return await NBomber.NBomberRun.RunAsync(target, scenario, settings, cancellationToken);
#else
                await Console.Error.WriteLineAsync("This build has no NBomber: dotnet build loadtests -p:NBomber=true");
                return ExitCode.Usage;
#endif
            }

            var console = PlainConsole.Create();
            var report = await new LoadRun(target, scenario, settings, console).RunAsync(cancellationToken);
            var directory = Path.GetFullPath(Path.Combine(output, $"{report.Date:yyyyMMdd-HHmmss}-{scenario.Name}"));
            await ReportFiles.WriteAsync(report, directory);
            LoadResultTable.Print(console, report);
            console.Profile.Out.Writer.WriteLine($"report: {Path.Combine(directory, "report.html")}");
            return report.IsPassed ? ExitCode.Right : ExitCode.Wrong;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync("Stopped before the books were checked.");
        }
        catch (Exception error) when (
            error is HttpRequestException or RedisException or NpgsqlException or TimeoutException or FormatException
                or InvalidOperationException or IOException or JsonException)
        {
            await Console.Error.WriteLineAsync($"The run could not be made or checked. {error.Message}");
        }

        return ExitCode.Wrong;
    }

    private static Option<int?> Number(string name, string description, int least, int most)
    {
        var option = new Option<int?>(name) { Description = description };
        option.Validators.Add(result =>
        {
            // A value that does not convert has its own message; asking for it here would throw.
            if (int.TryParse(result.Tokens[0].Value, out var value) && (value < least || value > most))
            {
                result.AddError($"{name} must be between {least} and {most}.");
            }
        });
        return option;
    }
}
