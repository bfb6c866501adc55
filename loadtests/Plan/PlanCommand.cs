using System.CommandLine;
using System.Text.Json;
using Seckill.LoadTests.Client;
using Seckill.LoadTests.Results;

namespace Seckill.LoadTests.Plan;

/// <summary><c>plan</c>: machines and limits for a sale, from measured costs.</summary>
public static class PlanCommand
{
    /// <summary>The command, for the table in Program.cs.</summary>
    public static Command Create()
    {
        var sale = new Option<string>("--sale") { Description = "The sale, as POST /sales takes it.", Required = true };
        var clicks = NumberOption.Create<int>("--clicks", "How many clicks come in all.", 1, 1_000_000_000);
        var seconds = NumberOption.Create<double>("--seconds", "In how many seconds.", 0.1, 86_400);
        var hottest = NumberOption.Create<double>("--hottest", "Percent of the clicks on the item with the most units.", 0, 100);
        var cores = NumberOption.Create<int>("--cores", "Cores of a machine for APIs.", 1, 1_000);
        var bench = new Option<string>("--bench") { Description = "benchmarks.json with the costs.", Required = true };
        var command = new Command("plan", "Machines and limits for a sale, from measured costs.")
        {
            sale, clicks, seconds, hottest, cores, bench,
        };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(clicks) is not { } number)
            {
                Console.Error.WriteLine("plan needs --clicks: how many come in all.");
                return ExitCode.Usage;
            }

            if (Read(parsed.GetRequiredValue(sale), ReadSale) is not { } planned
                || Read(parsed.GetRequiredValue(bench), RequestCosts.Read) is not { } costs)
            {
                return ExitCode.Usage;
            }

            var plan = CapacityPlan.Of(planned, costs, number, parsed.GetValue(seconds) ?? 10, parsed.GetValue(hottest) / 100);
            ResultTable.Print(PlainConsole.Create(), PlanPage.Sections(plan, parsed.GetValue(cores) ?? 2));
            return ExitCode.Right;
        });
        return command;
    }

    private static Sale ReadSale(string json) =>
        JsonSerializer.Deserialize(json, OpsJson.Default.Sale) is { Items: { Count: > 0 } items } sale
        && items.All(item => item.Allocated > 0)
            ? sale : throw new InvalidDataException("It needs items, and each of them units.");

    private static T? Read<T>(string path, Func<string, T> read)
        where T : class
    {
        try
        {
            return read(File.ReadAllText(path));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException or InvalidDataException)
        {
            Console.Error.WriteLine($"Cannot use {path}: {error.Message}");
            return null;
        }
    }
}
