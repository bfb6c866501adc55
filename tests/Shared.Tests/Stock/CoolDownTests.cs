using Seckill.Shared.Stock;
using static Seckill.Shared.Stock.ReserveOutcome;

namespace Seckill.Shared.Tests.Stock;

/// <summary>
/// Promise: a buyer whose order came back waits for the cool-down of the item, by the clock of Redis, and nobody else does. Broken by a
/// time from another clock, by a wait that ends early or never, and by an older return that replaces a newer one.
/// </summary>
public sealed class CoolDownTests
{
    private const int Minute = 60_000;
    private readonly long _user = TestItem.NewId();

    [Fact]
    public async Task A_buyer_waits_after_a_return_and_nobody_else_does()
    {
        var item = await OrdersEverMadeTests.OpenAsync(coolDownSeconds: 3600);
        await ReturnOneAsync(item);
        Assert.InRange(await SecondsAsync(item), 3540, 3600);
        await item.ReserveOneAsync(_user + 1);
    }

    [Fact]
    public async Task The_wait_ends_by_itself()
    {
        var item = await OrdersEverMadeTests.OpenAsync(coolDownSeconds: 2);
        await ReturnOneAsync(item);
        var returnedAt = await NewestAsync(item);
        ReserveAnswer? answer = null;
        await Eventually.IsTrueAsync("the buyer may order again", async () =>
            (answer = Assert.Single(await item.ReserveAsync(new Ask(_user)))).Outcome == Reserved);
        Assert.True(answer!.ReservedAt >= DateTimeOffset.FromUnixTimeMilliseconds(returnedAt).AddSeconds(2));
    }

    [Theory]
    [InlineData(-2 * Minute, 0)]
    [InlineData(-Minute, 0)]
    [InlineData(-Minute + 10_000, 10)]
    // A clock that was set back: the return is in the future. It counts as so long ago, and makes no wait longer.
    [InlineData(Minute / 2, 60)]
    [InlineData(2 * Minute, 0)]
    public async Task The_wait_lasts_as_long_as_the_term_says(int returnedAt, int secondsLeft)
    {
        var item = await OrdersEverMadeTests.OpenAsync(coolDownSeconds: 60);
        var now = (await item.InspectAsync()).Now.ToUnixTimeMilliseconds();
        await Servers.Database.HashSetAsync(item.Keys.Returned, _user, $"1 {now + returnedAt}");
        if (secondsLeft == 0)
        {
            await item.ReserveOneAsync(_user);
        }
        else
        {
            Assert.InRange(await SecondsAsync(item), secondsLeft - 5, secondsLeft);
        }
    }

    [Fact]
    public async Task The_last_second_is_a_whole_one()
    {
        var item = await OrdersEverMadeTests.OpenAsync(coolDownSeconds: 60);
        await Eventually.IsTrueAsync("a call comes in the last second", async () =>
        {
            var now = (await item.InspectAsync()).Now.ToUnixTimeMilliseconds();
            await Servers.Database.HashSetAsync(item.Keys.Returned, _user, $"1 {now - Minute + 900}");
            var answer = Assert.Single(await item.ReserveAsync(new Ask(_user)));
            Assert.True(answer.Outcome == Reserved || answer.Detail[0] == "1", $"{answer.Outcome} {string.Join(' ', answer.Detail)}");
            return answer.Outcome == CoolingDown;
        });
    }

    [Fact]
    public async Task A_later_return_begins_the_wait_again_and_an_earlier_one_does_not_shorten_it()
    {
        var item = await OrdersEverMadeTests.OpenAsync();
        var orders = new[] { await item.ReserveOneAsync(_user), await item.ReserveOneAsync(_user) };
        await TestItem.Ledger.ReleaseAsync(item.Keys, [orders[0]]);
        var first = await NewestAsync(item);
        await Servers.Database.HashSetAsync(item.Keys.Returned, _user, $"1 {first - Minute}");
        await TestItem.Ledger.ReleaseAsync(item.Keys, [orders[1]]);
        Assert.True(await NewestAsync(item) >= first);
        // As of a time that the clock has not reached again.
        await Servers.Database.HashSetAsync(item.Keys.Returned, _user, $"2 {first + Minute}");
        await ReturnOneAsync(item);
        Assert.Equal(first + Minute, await NewestAsync(item));
    }

    private async Task ReturnOneAsync(TestItem item) =>
        await TestItem.Ledger.ReleaseAsync(item.Keys, [await item.ReserveOneAsync(_user)]);

    private async Task<long> NewestAsync(TestItem item) =>
        long.Parse(((string)(await Servers.Database.HashGetAsync(item.Keys.Returned, _user))!).Split(' ')[1], provider: null);

    private async Task<int> SecondsAsync(TestItem item)
    {
        var answer = Assert.Single(await item.ReserveAsync(new Ask(_user)));
        Assert.Equal(CoolingDown, answer.Outcome);
        return int.Parse(Assert.Single(answer.Detail), provider: null);
    }
}
