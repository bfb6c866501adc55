using System.CommandLine;
using System.Globalization;
using Seckill.LoadTests;
using Seckill.LoadTests.Client;

namespace Seckill.Fuzz;

/// <summary><c>fuzz</c>: called by ./seckill fuzz, which has the help and starts the system.</summary>
internal static class FuzzCommand
{
    // Two million numbers are enough for hours.
    private const int LastCase = 2_000_000;

    // Of a system that is made for this run, so that a seed always sends the same ids.
    private const long FirstSaleId = 500_000_000;

    public static Task<int> RunAsync(string[] arguments)
    {
        var seconds = new Option<int>("--seconds") { DefaultValueFactory = _ => 60 };
        var seed = new Option<int>("--seed") { DefaultValueFactory = _ => Random.Shared.Next(1, 1_000_000) };
        var only = new Option<int?>("--only");
        var command = new RootCommand("Sends generated requests to a running system.") { seconds, seed, only };
        command.SetAction((parsed, _) => FuzzAsync(parsed.GetValue(seconds), parsed.GetValue(seed), parsed.GetValue(only)));
        return command.Parse(arguments).InvokeAsync();
    }

    private static async Task<int> FuzzAsync(int seconds, int seed, int? only)
    {
        if (!LoadTarget.TryRead(Environment.GetEnvironmentVariable, needsStores: true, out var target, out var problem))
        {
            await Console.Error.WriteLineAsync(problem);
            return ExitCode.Usage;
        }

        var logs = (Environment.GetEnvironmentVariable("FUZZ_LOGS") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries);
        Console.WriteLine($"seed {seed}");
        var plan = new FuzzPlan(seed, only ?? 1, only ?? LastCase, TimeSpan.FromSeconds(seconds), FirstSaleId);
        var result = await new FuzzRun(target, plan, logs, Console.WriteLine).RunAsync();
        var statuses = string.Join(
            ", ", result.Tally.Statuses.OrderBy(status => status.Key).Select(status => $"{status.Key}: {status.Value}"));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{result.Cases:#,0} cases, {result.Tally.Answers:#,0} answers ({statuses}), {result.Tally.Sales.Count:#,0} sales, "
            + $"{result.Tally.Orders.Count:#,0} orders, {result.Findings.Count:#,0} findings"));
        foreach (var kind in result.Findings.GroupBy(finding => finding.Kind).OrderByDescending(kind => kind.Count()))
        {
            Console.WriteLine($"  {kind.Count(),6:#,0} {kind.Key}: {kind.First().Detail}");
        }

        return result.Findings.Count == 0 ? 0 : 1;
    }
}
