using System.CommandLine;
using Seckill.LoadTests.Bench.Cold;
using Seckill.LoadTests.Bench.DualWrite;
using Seckill.LoadTests.Bench.Observability;
using Seckill.LoadTests.Bench.Overload;
using Seckill.LoadTests.Bench.Rooms;
using Seckill.LoadTests.Bench.Runner;
using Seckill.LoadTests.Bench.Sales;
using Seckill.LoadTests.Bench.Seed;
using Seckill.LoadTests.Bench.Size;
using Seckill.LoadTests.Bench.Startup;
using Seckill.LoadTests.Client;
using Spectre.Console;

namespace Seckill.LoadTests.Bench;

/// <summary><c>bench</c>: measures variants in turns against a running system. Called by <c>./seckill bench</c>.</summary>
public static class BenchCommand
{
    private const string Cold = "cold";
    private const string Startup = "startup";
    private const string Life = "life";
    private const string DualWrite = "dual-write";
    private const string Observability = "observability";
    private const string Overload = "overload";
    private const string Room = "queue";
    private const string Runner = "runner";
    private const string Sales = "sales";
    private const string Seed = "seed";
    private const string Size = "size";
    private const int SecondsOfARun = 8;
    private const int SecondsOfSeed = 40;
    private const int Maximum = 10_000_000;
    private static readonly int[] s_holds = [100_000, 500_000, 2_000_000];
    private static readonly int[] s_places = [100_000, 1_000_000];
    private static readonly int[] s_sales = [1_000];

    /// <summary>The command, for the table in Program.cs.</summary>
    public static Command Create()
    {
        string[] all = [.. Variant.All.Select(variant => variant.Name), Life];
        var names = new Argument<string[]>("names")
        {
            Description = "What to measure (default: all variants and life).", Arity = ArgumentArity.ZeroOrMore,
        };
        names.AcceptOnlyFromAmong([.. all, Cold, DualWrite, Observability, Overload, Room, Runner, Sales, Seed, Size, Startup]);
        var rounds = NumberOption.Create("--rounds", "Runs of each variant (default 5).", 1, Maximum);
        var seconds = NumberOption.Create(
            "--seconds", $"Length of each run (default {SecondsOfARun}; {SecondsOfSeed} in {Seed}).", 1, Maximum);
        var connections = NumberOption.Create("--connections", "Concurrent requests (default 512).", 1, Maximum);
        var buyers = NumberOption.Create("--buyers", "Distinct buyers (default 100000).", 1, Maximum);
        var orders = NumberOption.Create("--orders", $"Orders that expire at once in {Life} (default 100000).", 1, Maximum);
        var outage = NumberOption.Create(
            "--outage", $"Seconds that the legacy database is down in {DualWrite} (default 60).", 1, Maximum);
        var holds = NumberOption.Create(
            "--holds",
            $"Live orders of the item in {Size} (default: 100000, 500000, 2000000), or places in {Room} (default: 100000, 1000000), "
            + $"or sales in {Sales} (default: 1000).",
            1, Maximum);
        var times = NumberOption.Create(
            "--times", $"How many times more come than a closed loop serves, in {Overload} (default 3).", 1.0, 100.0);
        var output = new Option<string>("--output") { Description = "Directory of the report.", DefaultValueFactory = _ => "." };
        var command = new Command("bench", "Measures variants in turns against a running system.")
        {
            names, rounds, seconds, connections, buyers, orders, outage, holds, times, output,
        };
        command.SetAction((parsed, cancellationToken) => CommandGuard.RunAsync(needsStores: true, target => RunAsync(
            target,
            new BenchOptions(
                parsed.GetValue(names) is { Length: > 0 } some ? some : all,
                parsed.GetValue(rounds) ?? 5,
                parsed.GetValue(seconds) ?? (parsed.GetValue(names) is { } given && given.Contains(Seed) ? SecondsOfSeed : SecondsOfARun),
                parsed.GetValue(connections) ?? 512, parsed.GetValue(buyers) ?? 100_000, parsed.GetValue(orders) ?? 100_000,
                parsed.GetValue(outage) ?? 60, parsed.GetValue(holds) is { } one ? [one]
                    : parsed.GetValue(names) switch { [Room] => s_places, [Sales] => s_sales, _ => s_holds },
                parsed.GetRequiredValue(output))
            {
                Times = parsed.GetValue(times) ?? 3,
            },
            cancellationToken), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(LoadTarget target, BenchOptions options, CancellationToken cancellationToken)
    {
        await using var session = await BenchSession.StartAsync(target, options, AnsiConsole.Console);
        return await (options.Names[0] switch
        {
            Cold => new ColdBench(session).RunAsync(cancellationToken),
            DualWrite => new DualWriteBench(session).RunAsync(cancellationToken),
            Observability => new ObservabilityBench(session).RunAsync(cancellationToken),
            Overload => new OverloadBench(session).RunAsync(cancellationToken),
            Room => new RoomBench(session).RunAsync(cancellationToken),
            Runner => new RunnerBench(session).RunAsync(cancellationToken),
            Sales => new SalesBench(session).RunAsync(cancellationToken),
            Seed => new SeedBench(session).RunAsync(cancellationToken),
            Size => new SizeBench(session).RunAsync(cancellationToken),
            Startup => new StartupBench(session).RunAsync(cancellationToken),
            _ => new BenchRun(session).RunAsync(cancellationToken),
        });
    }
}
