using Seckill.Shared.WaitingRoom;

namespace Seckill.Shared.Tests.WaitingRoom;

/// <summary>
/// Promise: the draw gives each place another position, whatever the number of places, and favours none. Broken by a network that cannot
/// be undone (two buyers with one position), and by a seed that does not reach every bit (early birds in front).
/// </summary>
public sealed class QueuePermutationTests
{
    [Fact]
    public void Every_position_is_given_once_for_each_number_of_places()
    {
        var seed = Seed(1);
        foreach (var count in Enumerable.Range(0, 300).Concat([1_000, 4_096, 65_537, 100_000]))
        {
            var permutation = new QueuePermutation(seed, count);
            var taken = new bool[count];
            for (var place = 0; place < count; place++)
            {
                var position = permutation.Position(place);
                Assert.InRange(position, 0, count - 1);
                Assert.False(taken[position], $"{count} places: position {position} is given twice");
                taken[position] = true;
            }
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(16)]
    public void Over_many_seeds_each_place_gets_each_position_about_as_often(int count)
    {
        const int Seeds = 4_000;
        var seen = new int[count, count];
        for (var i = 0; i < Seeds; i++)
        {
            var permutation = new QueuePermutation(Seed(i), count);
            for (var place = 0; place < count; place++)
            {
                seen[place, permutation.Position(place)]++;
            }
        }

        // Pearson's test: the seeds are always the same, so this never fails by chance.
        var expected = (double)Seeds / count;
        var sum = seen.Cast<int>().Sum(number => (number - expected) * (number - expected) / expected);
        var freedom = (count - 1) * (count - 1);
        Assert.InRange(sum, 0, freedom + (5 * Math.Sqrt(2 * freedom)) + 5);
    }

    [Fact]
    public void Other_seeds_give_other_orders()
    {
        var orders = Enumerable.Range(0, 100).Select(i => string.Join(
            ' ', Enumerable.Range(0, 50).Select(new QueuePermutation(Seed(i), 50).Position))).ToHashSet();
        Assert.Equal(100, orders.Count);
    }

    /// <summary>Computed in another language: a change of the algorithm needs another name.</summary>
    [Fact]
    public void It_is_the_one_that_is_published()
    {
        var permutation = new QueuePermutation(new string('0', 62) + "2a", 10);
        Assert.Equal("7 2 9 4 6 1 0 8 5 3", string.Join(' ', Enumerable.Range(0, 10).Select(permutation.Position)));
    }

    private static string Seed(int number) => QueueSeed.Seed(1, number, new string('1', 64), new string('2', 64), "");
}
