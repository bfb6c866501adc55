namespace Seckill.Protocol.Tests;

/// <summary>
/// Promise: what is promised is done at last; and the model can fail. One that cannot proves nothing, so each of its deliberately broken
/// variants must be caught, at the promise that it breaks. A class of their own, so that they run beside the others.
/// </summary>
public sealed class BrokenModelTests(ITestOutputHelper output)
{
    public static TheoryData<string, string> Runs =>
        Spin.Runs(line => !line.Contains("| holds", StringComparison.Ordinal) || line.Contains("LIVENESS", StringComparison.Ordinal));

    [Theory]
    [MemberData(nameof(Runs))]
    public Task Spin_finds_what_is_broken_and_that_nothing_starves_otherwise(string name, string expected) =>
        Spin.AssertFindsAsync(name, expected, output);

    [Fact]
    public void Every_broken_variant_of_the_model_is_run()
    {
        var variants = Spin.Read("seckill.pml").Split([' ', '\n', '(', ')'])
            .Where(word => word.StartsWith("BROKEN_", StringComparison.Ordinal)).ToHashSet();
        Assert.True(variants.Count >= 12, $"Only {variants.Count} broken variants.");
        Assert.All(variants, variant => Assert.Contains(variant, Spin.Read("runs.txt"), StringComparison.Ordinal));
    }

    [Fact]
    public void Every_run_has_its_test()
    {
        var here = ModelTests.Runs.Concat(Runs).Select(run => run.Data.Item1);
        Assert.Equal(Spin.Runs().Select(run => run.Data.Item1).Order(), here.Order());
    }

    [Fact]
    public void The_table_in_the_README_names_every_run() =>
        Assert.All(Spin.Runs(), run =>
            Assert.Contains($"| {run.Data.Item1} | {run.Data.Item2} |", Spin.Read("README.md"), StringComparison.Ordinal));
}
