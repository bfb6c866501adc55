using System.Globalization;
using Seckill.Chaos;

namespace Seckill.System.Tests.Chaos;

/// <summary>
/// Promise: whatever dies, freezes or is cut off, the promises hold. A short mix of what ./seckill chaos does by the hundred, with
/// servers of its own, and a product that is broken on purpose: if that passes, the runs see nothing.
/// </summary>
public sealed class ChaosTests(ITestOutputHelper output)
{
    // Chosen for what they draw; the last is another one each time, and printed.
    private static readonly int[] s_seeds = [1000, 1001, 1002, Random.Shared.Next(1_000_000)];

    [Fact]
    public async Task Every_promise_holds_through_kills_freezes_cuts_and_lost_data()
    {
        var result = await RunAsync([.. s_seeds.Select(Schedule.Draw)], null);
        Assert.True(result.Broken is null, result.Broken?.Violation?.Message);
        Assert.Equal(s_seeds.Length, result.Results.Count);
        Assert.All(result.Results, run => Assert.True(run.Operations > 100, $"Only {run.Operations} operations: the run says nothing."));
    }

    [Fact]
    public async Task A_product_that_is_broken_on_purpose_is_noticed()
    {
        // One that needs neither a build nor a fault. ./seckill chaos --variants has all.
        var variant = Variant.All.Single(one => one.Name == "orders-forgotten");
        var schedule = Schedule.Draw(1) with
        {
            Items = 1, Units = 60, PaymentTimeoutSeconds = 3600, LoadMilliseconds = 2_500, Faults = [],
        };
        var result = await RunAsync([schedule], variant);
        Assert.NotNull(result.Broken);
        output.WriteLine(result.Broken.Violation!.Message);
        Assert.Matches("lost|oversold|conservation", result.Broken.Violation.Invariant);
    }

    [Fact]
    public void A_seed_is_a_schedule()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var (once, again) = (Schedule.Draw(seed), Schedule.Draw(seed));
            Assert.Equal(once.ToString(), again.ToString());
            Assert.InRange(once.Faults.Count, 5, 20);
        }
    }

    [Fact]
    public void Every_kind_of_fault_is_drawn()
    {
        var drawn = Enumerable.Range(0, 300).SelectMany(seed => Schedule.Draw(seed).Faults).Select(fault => fault.Kind).ToHashSet();
        Assert.Equal(Enum.GetValues<FaultKind>().ToHashSet(), drawn);
    }

    public static TheoryData<string> Variants => [.. Variant.All.Select(variant => variant.Name)];

    [Theory]
    [MemberData(nameof(Variants))]
    public void What_a_variant_changes_stands_in_the_source_exactly_once(string name)
    {
        foreach (var (file, whatIs, _) in Variant.All.Single(variant => variant.Name == name).Changes)
        {
            var text = File.ReadAllText(Path.Combine(Checkout.Root, file));
            Assert.True(text.Split(whatIs).Length == 2, $"{file} has not exactly one {whatIs.Trim()}");
        }
    }

    private async Task<SeriesResult> RunAsync(Schedule[] schedules, Variant? variant)
    {
        Assert.SkipUnless(ChaosServers.AreInstalled, "This needs the programs of Redis, RabbitMQ and PostgreSQL, to start and to kill.");
        output.WriteLine("seeds " + string.Join(", ", schedules.Select(schedule => schedule.Seed.ToString(CultureInfo.InvariantCulture))));
        var evidence = Path.Combine(Checkout.Root, ".run", "test-chaos");
        // A product that is broken may never come to rest.
        var timeout = TimeSpan.FromSeconds(variant is null ? 60 : 4);
        return await new ChaosSeries("test-chaos", evidence, output.WriteLine, timeout).RunAsync(schedules, variant);
    }
}
