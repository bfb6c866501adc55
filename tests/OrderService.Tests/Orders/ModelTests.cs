using System.Collections.Concurrent;
using System.Globalization;
using FsCheck;
using FsCheck.Fluent;

namespace Seckill.OrderService.Tests.Orders;

/// <summary>
/// Promise: whatever happens to orders and stock, in whatever order and however often, both stores say what a small model says. Single
/// tests try the sequences that somebody thought of; this one draws them, replays old messages and repeats calls, and looks after
/// each step. A failure prints the seed; <c>SECKILL_PROPERTY_SEED</c> repeats it and <c>SECKILL_PROPERTY_RUNS</c> draws more.
/// </summary>
[Collection(AllOrders.Name)]
public sealed class ModelTests(StoreFixture stores)
{
    private const int ParallelSales = 8;
    private static readonly string[] s_kinds =
        ["reserve", "reserve", "reserve", "place", "place", "pay", "pay", "pay-wrong", "cancel", "expire", "return", "return", "stock"];

    [Fact]
    public async Task Every_sequence_of_steps_leaves_both_stores_as_the_model_says()
    {
        var runs = Number("SECKILL_PROPERTY_RUNS") ?? 400;
        var seed = (ulong?)Number("SECKILL_PROPERTY_SEED") ?? (ulong)Random.Shared.Next();
        var step =
            from kind in Gen.Elements(s_kinds)
            from which in Gen.Choose(0, 11)
            from amount in Gen.Choose(-3, 3)
            select new Step(kind, which, amount);
        // Sequences are drawn first and run side by side: what takes the time is the round trips to the stores.
        var sequences = Gen.Choose(4, 16).SelectMany(length => step.ListOf(length)).Sample(runs, new Rnd(seed), 14).ToList();
        Assert.Equal(runs, sequences.Count);
        var visited = new ConcurrentDictionary<string, int>();
        await Parallel.ForEachAsync(
            sequences.Select((steps, number) => (steps, number)),
            new ParallelOptions { MaxDegreeOfParallelism = ParallelSales },
            async (sequence, _) =>
            {
                var done = new List<Step>();
                try
                {
                    var world = await ModelWorld.OpenAsync(stores, visited);
                    await world.AssertSameAsync();
                    foreach (var next in sequence.steps)
                    {
                        done.Add(next);
                        await world.TakeAsync(next);
                        await world.AssertSameAsync();
                    }
                }
                catch (Exception exception)
                {
                    throw new InvalidOperationException(
                        $"SECKILL_PROPERTY_SEED={seed}, sequence {sequence.number}: {string.Join("; ", done)}", exception);
                }
            });

        await stores.RetireSalesAsync();
        // The test would be worth little if its sequences never came to the interesting places.
        Assert.All(
            ["Accepted", "Duplicate", "unknown-order", "wrong-amount", "already-paid", "cancelled", "expired", "returned", "Made",
                "NotEnough", "KeyReused", "refused"],
            place => Assert.True(visited.ContainsKey(place), $"SECKILL_PROPERTY_SEED={seed}: no sequence came to {place}."));
    }

    private static int? Number(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;
}

/// <summary>One thing that happens; what it happens to is drawn by number.</summary>
internal sealed record Step(string Kind, int Which, int Amount);
