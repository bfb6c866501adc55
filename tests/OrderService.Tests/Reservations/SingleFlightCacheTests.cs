using Microsoft.Extensions.Time.Testing;
using Seckill.OrderService.Reservations;

namespace Seckill.OrderService.Tests.Reservations;

/// <summary>
/// Promise: however many ask for the same thing at the same moment, it is read once, and an answer is never older than a second. Broken
/// by a check of the age without a claim of the read (at each expiry everybody reads), by a failure or a "there is none" that is treated
/// wrongly, and by a memory that every id of an attacker fills.
/// </summary>
public sealed class SingleFlightCacheTests
{
    private readonly FakeTimeProvider _clock = new();
    private readonly List<TaskCompletionSource<string?>> _reads = [];

    [Fact]
    public async Task Many_at_once_wait_for_one_read()
    {
        var cache = NewCache();
        var waiting = Enumerable.Range(0, 60).Select(_ => cache.GetAsync(1)).ToList();
        Assert.Single(_reads);
        _reads[0].SetResult("first");
        Assert.All(await Task.WhenAll(waiting), value => Assert.Equal("first", value));

        _clock.Advance(TimeSpan.FromSeconds(1));
        var later = await Task.WhenAll(Enumerable.Range(0, 60).Select(_ => Task.Run(() => Task.FromResult(cache.GetAsync(1)))));
        Assert.Equal(2, _reads.Count);
        _reads[1].SetResult("second");
        Assert.All(await Task.WhenAll(later), value => Assert.Equal("second", value));
    }

    [Theory]
    [InlineData("there")]
    [InlineData(null)]
    public async Task A_value_is_kept_for_a_second_from_the_start_of_its_read(string? value)
    {
        var cache = NewCache();
        var read = cache.GetAsync(1);
        _clock.Advance(TimeSpan.FromMilliseconds(600));
        _reads[0].SetResult(value);
        Assert.Equal(value, await read);
        _clock.Advance(TimeSpan.FromMilliseconds(399));
        Assert.Equal(value, await cache.GetAsync(1));
        Assert.Single(_reads);
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        _ = cache.GetAsync(1);
        Assert.Equal(2, _reads.Count);
    }

    [Fact]
    public async Task A_failure_reaches_those_who_wait_and_is_not_kept()
    {
        var cache = NewCache();
        var (first, second) = (cache.GetAsync(1), cache.GetAsync(1));
        _reads[0].SetException(new TimeoutException());
        await Assert.ThrowsAsync<TimeoutException>(() => first);
        await Assert.ThrowsAsync<TimeoutException>(() => second);
        var third = cache.GetAsync(1);
        _reads[1].SetResult("third");
        Assert.Equal("third", await third);
    }

    [Fact]
    public async Task A_read_that_fails_at_once_is_not_kept_either()
    {
        var reads = 0;
        var cache = new SingleFlightCache<int, int>(_ => ++reads == 1 ? throw new TimeoutException() : Task.FromResult(reads), _clock);
        await Assert.ThrowsAsync<TimeoutException>(() => cache.GetAsync(1));
        Assert.Equal(2, await cache.GetAsync(1));
    }

    [Fact]
    public async Task Ids_that_never_existed_do_not_fill_the_memory()
    {
        var reads = 0;
        var cache = new SingleFlightCache<int, int>(_ => Task.FromResult(++reads), _clock, capacity: 10);
        for (var key = 0; key < 30; key++)
        {
            await cache.GetAsync(key);
        }

        // The last ones are known, the first one is forgotten.
        await cache.GetAsync(29);
        Assert.Equal(30, reads);
        await cache.GetAsync(0);
        Assert.Equal(31, reads);
    }

    private SingleFlightCache<int, string?> NewCache() => new(
        _ =>
        {
            _reads.Add(new TaskCompletionSource<string?>());
            return _reads[^1].Task;
        },
        _clock);
}
