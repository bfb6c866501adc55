using System.CommandLine;
using Npgsql;
using Seckill.LoadTests.Bench.DualWrite;
using Seckill.LoadTests.Bench.Observability;
using Seckill.LoadTests.Bench.Runner;
using Seckill.LoadTests.Bench.Seed;
using Seckill.LoadTests.Bench.Startup;
using Seckill.LoadTests.Client;
using Spectre.Console;
using StackExchange.Redis;

namespace Seckill.LoadTests.Bench;

/// <summary><c>bench</c>: measures variants in turns against a running system. Called by <c>./seckill bench</c>.</summary>
public static class BenchCommand
{
    private const string Startup = "startup";
    private const string Life = "life";
    private const string DualWrite = "dual-write";
    private const string Observability = "observability";
    private const string Runner = "runner";
    private const string Seed = "seed";
    private const int SecondsOfARun = 8;
    private const int SecondsOfSeed = 40;

    /// <summary>The command, for the table in Program.cs.</summary>
    public static Command Create()
    {
        string[] all = [.. Variant.All.Select(variant => variant.Name), Life];
        var names = new Argument<string[]>("names")
        {
            Description = "What to measure; everything when not given.", Arity = ArgumentArity.ZeroOrMore,
        };
        names.AcceptOnlyFromAmong([.. all, DualWrite, Observability, Runner, Seed, Startup]);
        var rounds = new Option<int>("--rounds") { Description = "Turns of each variant.", DefaultValueFactory = _ => 5 };
        var seconds = new Option<int>("--seconds") { Description = "Length of each run.", DefaultValueFactory = _ => SecondsOfARun };
        var connections = new Option<int>("--connections") { Description = "Requests under way at once.", DefaultValueFactory = _ => 512 };
        var buyers = new Option<int>("--buyers") { Description = "Distinct buyers.", DefaultValueFactory = _ => 100_000 };
        var orders = new Option<int>("--orders") { Description = "Orders that expire at once.", DefaultValueFactory = _ => 100_000 };
        var outage = new Option<int>("--outage")
        {
            Description = "Length of the legacy database's outage in dual-write, seconds.", DefaultValueFactory = _ => 60,
        };
        var output = new Option<string>("--output") { Description = "Directory of the report.", DefaultValueFactory = _ => "." };
        var command = new Command("bench", "Measures variants in turns against a running system.")
        {
            names, rounds, seconds, connections, buyers, orders, outage, output,
        };
        foreach (var number in (Option<int>[])[rounds, seconds, connections, buyers, orders, outage])
        {
            number.Validators.Add(result =>
            {
                if (result.Tokens.Count == 1 && int.TryParse(result.Tokens[0].Value, out var value) && value is < 1 or > 10_000_000)
                {
                    result.AddError($"{number.Name} must be at least 1 and at most 10000000.");
                }
            });
        }

        command.SetAction((parsed, cancellationToken) => RunAsync(
            new BenchOptions(
                parsed.GetValue(names) is { Length: > 0 } some ? some : all,
                parsed.GetRequiredValue(rounds),
                parsed.GetResult(seconds) is { Implicit: true } && parsed.GetValue(names) is { } given && given.Contains(Seed)
                    ? SecondsOfSeed : parsed.GetRequiredValue(seconds),
                parsed.GetRequiredValue(connections),
                parsed.GetRequiredValue(buyers),
                parsed.GetRequiredValue(orders),
                parsed.GetRequiredValue(outage),
                parsed.GetRequiredValue(output)),
            cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(BenchOptions options, CancellationToken cancellationToken)
    {
        if (!LoadTarget.TryRead(Environment.GetEnvironmentVariable, out var target, out var problem))
        {
            await Console.Error.WriteLineAsync(problem);
            return ExitCode.Usage;
        }

        try
        {
            if (options.Names.Contains(DualWrite))
            {
                return await new DualWriteBench(target, options, AnsiConsole.Console).RunAsync(cancellationToken);
            }

            if (options.Names.Contains(Observability))
            {
                return await new ObservabilityBench(target, options, AnsiConsole.Console).RunAsync(cancellationToken);
            }

            if (options.Names.Contains(Runner))
            {
                return await new RunnerBench(target, options, AnsiConsole.Console).RunAsync(cancellationToken);
            }

            if (options.Names.Contains(Seed))
            {
                return await new SeedBench(target, options, AnsiConsole.Console).RunAsync(cancellationToken);
            }

            if (options.Names.Contains(Startup))
            {
                return await new StartupBench(target, options, AnsiConsole.Console).RunAsync(cancellationToken);
            }

            return await new BenchRun(target, options, AnsiConsole.Console).RunAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync("Stopped.");
        }
        catch (Exception error) when (
            error is HttpRequestException or RedisException or NpgsqlException or TimeoutException or FormatException
                or InvalidOperationException)
        {
            await Console.Error.WriteLineAsync($"The benchmark could not be run. {error.Message}");
        }

        return ExitCode.Wrong;
    }
}
