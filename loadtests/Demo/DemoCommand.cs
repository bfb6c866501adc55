using System.CommandLine;
using System.Security.Cryptography;
using Npgsql;
using Seckill.LoadTests.Results;
using StackExchange.Redis;

namespace Seckill.LoadTests.Demo;

/// <summary><c>demo</c>: a real sale over HTTP against a running system, and the proof that its books are right.</summary>
public static class DemoCommand
{
    /// <summary>The command, for the table in Program.cs.</summary>
    public static Command Create()
    {
        var buyers = Number("--buyers", "How many buyers come.", 40_000, 1, 10_000_000);
        var stock = Number("--stock", "Units of each item.", 5_000, 1, 100_000_000);
        var items = Number("--items", "Items in the sale.", 2, 1, 100);
        var connections = Number("--connections", "Buyers that are let in at a time.", 256, 1, 10_000);
        var seed = new Option<int>("--seed") { Description = "Repeats the clicks of an earlier run; drawn and printed when not given." };
        var command = new Command("demo", "Runs a sale against a running system and compares the client's log with its stores.")
        {
            buyers, stock, items, connections, seed,
        };
        command.SetAction((parsed, cancellationToken) => RunAsync(
            new DemoOptions(
                parsed.GetRequiredValue(buyers),
                parsed.GetRequiredValue(stock),
                parsed.GetRequiredValue(items),
                parsed.GetRequiredValue(connections),
                parsed.GetResult(seed) is null ? RandomNumberGenerator.GetInt32(int.MaxValue) : parsed.GetRequiredValue(seed)),
            cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(DemoOptions options, CancellationToken cancellationToken)
    {
        if (!Deployment.TryRead(Environment.GetEnvironmentVariable, out var deployment, out var problem))
        {
            await Console.Error.WriteLineAsync(problem);
            return ExitCode.Usage;
        }

        try
        {
            return await new DemoRun(deployment, options, PlainConsole.Create()).RunAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync("Stopped before the books were checked.");
        }
        catch (Exception error) when (
            error is HttpRequestException or RedisException or NpgsqlException or TimeoutException or FormatException)
        {
            await Console.Error.WriteLineAsync($"The sale could not be run or checked. {error.Message}");
        }

        return ExitCode.Wrong;
    }

    private static Option<int> Number(string name, string description, int normally, int least, int most)
    {
        var option = new Option<int>(name)
        {
            Description = description,
            DefaultValueFactory = _ => normally,
        };
        option.Validators.Add(result =>
        {
            // A value that does not convert has its own message; asking for it here would throw.
            if (result.Tokens.Count == 1 && int.TryParse(result.Tokens[0].Value, out var value) && (value < least || value > most))
            {
                result.AddError($"{name} must be between {least} and {most}.");
            }
        });
        return option;
    }
}
