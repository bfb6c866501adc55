using Seckill.OrderService.Reservations;

namespace Seckill.OrderService.Tests.Reservations;

/// <summary>
/// Promise: a buyer is never taken for a stranger, and hardly any stranger for a buyer. Broken by a probe that is written at one place and
/// read at another, or by a hash that lets ids which follow each other share their bits. Mutant: one bit instead of the mask.
/// </summary>
public sealed class UserFilterTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1_000)]
    [InlineData(100_000)]
    public void It_contains_everyone_who_was_added_and_few_others(int users)
    {
        foreach (var step in new long[] { 1, 1_000, 1L << 40 })
        {
            var filter = new UserFilter(users);
            for (var i = 0; i < users; i++)
            {
                filter.Add(1 + (2 * i * step));
            }

            Assert.All(Enumerable.Range(0, users), i => Assert.True(filter.MayContain(1 + (2 * i * step))));
            Assert.InRange(Enumerable.Range(0, 100_000).Count(i => filter.MayContain((2 * i * step) + step + 1)), 0, 2_000);
        }
    }

    [Fact]
    public void It_takes_more_users_than_it_was_made_for()
    {
        var filter = new UserFilter(0);
        Assert.False(filter.MayContain(long.MaxValue));
        for (var user = long.MaxValue; user > long.MaxValue - 10_000; user--)
        {
            filter.Add(user);
            Assert.True(filter.MayContain(user));
        }
    }
}
