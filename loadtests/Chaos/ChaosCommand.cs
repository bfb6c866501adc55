using System.CommandLine;
using System.Globalization;

namespace Seckill.Chaos;

/// <summary><c>chaos</c>: called by ./seckill chaos, which has the help.</summary>
internal static class ChaosCommand
{
    private const int MostRunsUntilCaught = 20;
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(60);

    // Some variants never come to rest.
    private static readonly TimeSpan s_shortTimeout = TimeSpan.FromSeconds(20);

    public static Task<int> RunAsync(string[] arguments)
    {
        var runs = new Option<int>("--runs") { DefaultValueFactory = _ => 20 };
        var seed = new Option<int>("--seed") { DefaultValueFactory = _ => Random.Shared.Next(1, 1_000_000) };
        var variant = new Option<string?>("--variant");
        variant.AcceptOnlyFromAmong([.. Variant.All.Select(one => one.Name)]);
        var variants = new Option<bool>("--variants");
        var room = new Option<bool>("--room");
        var output = new Option<string?>("--output");
        var command = new RootCommand("Runs under faults.") { runs, seed, variant, variants, room, output };
        command.SetAction((parsed, _) => parsed.GetValue(variants)
            ? CatchAllAsync(parsed.GetValue(seed), parsed.GetValue(output))
            : AttackAsync(
                parsed.GetValue(runs), parsed.GetValue(seed), parsed.GetValue(room), parsed.GetValue(variant), parsed.GetValue(output)));
        return command.Parse(arguments).InvokeAsync();
    }

    private static async Task<int> AttackAsync(int runs, int seed, bool room, string? variant, string? output)
    {
        var broken = Variant.All.FirstOrDefault(one => one.Name == variant);
        var schedules = Schedules(seed, runs, broken).Select(schedule => room ? schedule.WithRoom() : schedule).ToArray();
        var result = await Series(broken is null ? s_timeout : s_shortTimeout).RunAsync(schedules, broken);
        Console.WriteLine();
        Console.WriteLine(ChaosReport.Summary(result, seed));
        if (output is not null && broken is null)
        {
            await ChaosReport.WriteAsync(output, result, seed, room);
        }

        return (result.Broken is null) == (broken is null) ? 0 : 1;
    }

    private static async Task<int> CatchAllAsync(int seed, string? output)
    {
        var caught = new List<CaughtVariant>();
        foreach (var variant in Variant.All)
        {
            Console.WriteLine($"{variant.Name}: {variant.Meaning}");
            var result = await Series(s_shortTimeout).RunAsync(Schedules(seed, MostRunsUntilCaught, variant), variant);
            caught.Add(new CaughtVariant(variant, result.Broken?.Violation!.Invariant, result.Results.Count));
        }

        Console.WriteLine();
        Console.WriteLine(ChaosReport.Table(caught));
        if (output is not null)
        {
            await ChaosReport.WriteAsync(output, caught, seed);
        }

        return caught.TrueForAll(one => one.Invariant is not null) ? 0 : 1;
    }

    private static ChaosSeries Series(TimeSpan drainLimit) =>
        new("chaos", Path.Combine(Checkout.Root, ".run", "chaos"), Console.WriteLine, drainLimit);

    private static Schedule[] Schedules(int seed, int runs, Variant? variant) =>
        [.. Enumerable.Range(0, runs).Select(run => Schedule.Draw(seed + run)).Select(variant?.Aim ?? (schedule => schedule))];
}
