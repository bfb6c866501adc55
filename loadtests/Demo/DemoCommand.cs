using System.CommandLine;
using System.Security.Cryptography;
using Seckill.LoadTests.Results;

namespace Seckill.LoadTests.Demo;

/// <summary><c>demo</c>: a real sale over HTTP against a running system, and the audit of every number.</summary>
public static class DemoCommand
{
    /// <summary>The command, for the table in Program.cs.</summary>
    public static Command Create()
    {
        var buyers = NumberOption.Create("--buyers", "Number of buyers (default 40000).", 1, 10_000_000);
        var stock = NumberOption.Create("--stock", "Units of each item (default 5000).", 1, 100_000_000);
        var items = NumberOption.Create("--items", "Items on sale (default 2).", 1, 100);
        var connections = NumberOption.Create("--connections", "Concurrent buyers (default 256).", 1, 10_000);
        var seed = NumberOption.Create("--seed", "Repeats the clicks of an earlier run (default: random, and printed).", 0, int.MaxValue);
        var command = new Command("demo", "Runs a sale against a running system and compares the clients' log with its stores.")
        {
            buyers, stock, items, connections, seed,
        };
        command.SetAction((parsed, cancellationToken) => CommandGuard.RunAsync(
            needsStores: true,
            target => new DemoRun(
                target,
                new DemoOptions(
                    parsed.GetValue(buyers) ?? 40_000, parsed.GetValue(stock) ?? 5_000, parsed.GetValue(items) ?? 2,
                    parsed.GetValue(connections) ?? 256, parsed.GetValue(seed) ?? RandomNumberGenerator.GetInt32(int.MaxValue)),
                PlainConsole.Create()).RunAsync(cancellationToken),
            cancellationToken));
        return command;
    }
}
