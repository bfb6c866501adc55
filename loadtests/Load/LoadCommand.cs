using System.CommandLine;
using System.Globalization;
using System.Numerics;
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
        var check = new Option<bool>("--check") { Description = "Only looks at the command line.", Hidden = true };
        var command = new Command("load", "Sends a scenario to a system, audits its books and writes a report.")
        {
            url, opsUrl, output, check,
        };
        foreach (var scenario in Scenarios.All)
        {
            command.Add(Create(scenario, url, opsUrl, output, check));
        }

        foreach (var option in (Option[])[url, opsUrl, output, check])
        {
            option.Recursive = true;
        }

        command.Add(CompareCommand.Create());
        return command;
    }

    private static Command Create(
        Scenario scenario, Option<string?> url, Option<string?> opsUrl, Option<string> output, Option<bool> check)
    {
        var normal = scenario.Defaults;
        var rate = Number("--rate", $"Visitors per second, at most ({normal.Rate:0}).", 0.1, 1_000_000);
        var seconds = Number("--seconds", $"How long visitors come ({normal.Seconds}).", 1, 1_000_000);
        var users = Number("--users", "A closed loop of so many users, instead of arrivals.", 1, 20_000);
        var think = Number("--think", "Milliseconds between two visits of a user of a closed loop (0).", 0, 600_000);
        var buyers = Number("--buyers", "Distinct buyers (as many as visitors, unless the scenario has few).", 1, LoadSettings.MostBuyers);
        var stock = Number("--stock", "Units of each item.", 1, 100_000_000);
        var items = Number("--items", $"Items on sale ({normal.Items}).", 1, 100);
        var connections = Number("--connections", $"Requests under way at once, at most ({normal.Connections}).", 1, 20_000);
        var warmUp = Number("--warm-up", $"Seconds of load before anything counts ({normal.WarmUpSeconds}).", 0, 600);
        var nbomber = new Option<bool>("--nbomber") { Description = "Under NBomber, in a build with -p:NBomber=true." };
        var p99 = Number("--p99", $"Pass mark, milliseconds ({normal.MostP99Milliseconds:0}).", 0.001, 600_000);
        var errors = Number("--errors", $"Pass mark, percent ({normal.MostErrorPercent}).", 0.0, 100);
        var command = new Command(scenario.Name, scenario.Summary)
        {
            rate, seconds, users, think, buyers, stock, items, connections, warmUp, p99, errors, nbomber,
        };
        command.SetAction((parsed, cancellationToken) => parsed.GetValue(check) ? Task.FromResult(ExitCode.Right) : RunAsync(
            scenario,
            scenario.Sized(normal with
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
            }),
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
            // Before the run: nobody wants to hear of it afterwards.
            Directory.CreateDirectory(output);
            if (nbomber)
            {
#if NBOMBER
                return await NBomber.NBomberRun.RunAsync(target, scenario, settings, output, cancellationToken);
#else
                await Console.Error.WriteLineAsync(
                    "This build has no NBomber: dotnet run --project loadtests -p:NBomber=true -- load SCENARIO --nbomber");
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
                or InvalidOperationException or IOException or UnauthorizedAccessException or JsonException)
        {
            await Console.Error.WriteLineAsync($"The run could not be made or checked. {error.Message}");
        }

        return ExitCode.Wrong;
    }

    // The library's own message for what is no number names a type of the language, and a number is read in the culture of the machine.
    private static Option<T?> Number<T>(string name, string description, T least, T most)
        where T : struct, INumber<T> => new(name)
    {
        Description = description,
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (T.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most)
            {
                return value;
            }

            var kind = typeof(T) == typeof(int) ? "a whole number" : "a number";
            result.AddError(string.Create(CultureInfo.InvariantCulture, $"{name} must be {kind} from {least} to {most}, not '{text}'."));
            return null;
        },
    };
}
