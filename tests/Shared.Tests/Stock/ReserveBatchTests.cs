using Seckill.Shared.Stock;
using StackExchange.Redis;

namespace Seckill.Shared.Tests.Stock;

/// <summary>
/// The argument arrays are pooled by size, so a small batch may be sent in an array that a larger one has filled. What the script
/// is told to read must be this batch, whatever lies behind it.
/// </summary>
public sealed class ReserveBatchTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(3, 4)]
    [InlineData(5, 8)]
    [InlineData(255, 256)]
    [InlineData(256, 256)]
    [InlineData(257, 512)]
    [InlineData(1024, 1024)]
    public void The_arguments_are_padded_to_a_power_of_two(int requests, int padded)
    {
        var arguments = Filled(requests).Arguments(outboxBound: 7);
        Assert.Equal(4 + (4 * padded), arguments.Length);
        Assert.Equal(7, (int)arguments[0]);
        Assert.Equal(requests, (int)arguments[1]);
        for (var i = 0; i < requests; i++)
        {
            Assert.Equal(1000 + i, (long)arguments[4 + (4 * i) + 1]);
        }

        Assert.DoesNotContain(arguments, argument => argument.IsNull);
    }

    [Fact]
    public void An_array_is_used_again_for_the_next_batch_of_its_size()
    {
        var batch = Filled(4);
        var first = batch.Arguments(1);
        batch.Clear();
        Assert.Equal(0, batch.Count);
        Assert.False(batch.ItemIsKnown);
        batch.Add(new byte[OrderId.SuffixLength], 5, 1, "key");
        batch.Add(new byte[OrderId.SuffixLength], 6, 1, null);
        batch.Add(new byte[OrderId.SuffixLength], 7, 1, null);
        var second = batch.Arguments(1);
        Assert.Same(first, second);
        Assert.Equal([5L, 6L, 7L], Enumerable.Range(0, 3).Select(i => (long)second[4 + (4 * i) + 1]));
        Assert.Equal("key", second[7]);
        Assert.Equal(RedisValue.EmptyString, second[11]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(ReserveBatch.MaximumSize + 1)]
    public void A_capacity_that_the_script_cannot_take_is_refused(int capacity) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new ReserveBatch(capacity));

    private static ReserveBatch Filled(int requests)
    {
        var batch = new ReserveBatch(ReserveBatch.MaximumSize);
        for (var i = 0; i < requests; i++)
        {
            batch.Add(new byte[OrderId.SuffixLength], 1000 + i, 1, null);
        }

        return batch;
    }
}
