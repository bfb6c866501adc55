

using Seckill.Shared.Stock;

namespace Seckill.Shared.Tests.Stock;

/// <summary>
/// The outbox is the only memory of an order between its promise and its row. An entry must stay until it is settled, be offered
/// to one sweeper at a time, and come back when that sweeper fails; and one that cannot be published must not hide the rest.
/// </summary>
public sealed class OutboxTests
{
    private static readonly TimeSpan s_minute = TimeSpan.FromMinutes(1);
    private readonly long _user = TestItem.NewId() >> 1;

    [Fact]
    public async Task Settling_twice_is_harmless_and_touches_only_its_orders()
    {
        var item = await TestItem.OpenAsync();
        var (settled, waiting) = (await item.ReserveOneAsync(_user), await item.ReserveOneAsync(_user + 1));
        await TestItem.Ledger.SettleAsync(item.Keys, [settled]);
        await TestItem.Ledger.SettleAsync(item.Keys, [settled, new string('0', OrderId.Length)]);
        Assert.Equal([waiting], await item.OutboxAsync());
        Assert.False((await TestItem.Ledger.FindHoldAsync(item.Keys, settled))!.Value.InOutbox);
        await item.AssertConsistentAsync();
    }

    [Fact]
    public async Task The_oldest_entries_are_claimed_first()
    {
        var item = await TestItem.OpenAsync();
        var orders = await ReserveWithAgesAsync(item, 300, 500, 400);
        var claimed = await ClaimAsync(item, s_minute, most: 2);
        Assert.Equal([orders[1], orders[2]], claimed.Select(entry => entry.OrderId));
        Assert.Equal(_user + 1, claimed[0].Hold!.Value.UserId);
    }

    [Fact]
    public async Task An_entry_below_the_minimum_age_is_left_to_its_owner()
    {
        var item = await TestItem.OpenAsync();
        var orders = await ReserveWithAgesAsync(item, 0, 90);
        Assert.Equal([orders[1]], (await ClaimAsync(item, s_minute)).Select(entry => entry.OrderId));
    }

    [Fact]
    public async Task A_claimed_entry_is_not_offered_again_at_once()
    {
        var item = await TestItem.OpenAsync();
        await ReserveWithAgesAsync(item, 90, 91);
        Assert.Equal(2, (await ClaimAsync(item, s_minute)).Count);
        Assert.Empty(await ClaimAsync(item, s_minute));
        Assert.Equal(2, (await item.OutboxAsync()).Length);
    }

    [Fact]
    public async Task A_claimed_entry_is_offered_again_after_the_longest_wait()
    {
        var item = await TestItem.OpenAsync();
        var orders = await ReserveWithAgesAsync(item, 600);
        var (none, wait) = (TimeSpan.Zero, TimeSpan.FromMilliseconds(200));
        Assert.Single(await ClaimAsync(item, none, longestWait: wait));
        var next = default(string);
        await Eventually.IsTrueAsync(
            "it is offered again",
            async () => (next = (await ClaimAsync(item, none, longestWait: wait)).SingleOrDefault().OrderId) is not null);
        Assert.Equal(orders[0], next);
    }

    [Fact]
    public async Task The_wait_grows_with_the_age_of_the_entry_up_to_the_longest()
    {
        var item = await TestItem.OpenAsync();
        var orders = await ReserveWithAgesAsync(item, 70, 200, 9_000);
        Assert.Equal(3, (await ClaimAsync(item, s_minute, longestWait: TimeSpan.FromSeconds(1_000))).Count);
        var now = (await item.InspectAsync()).Now.ToUnixTimeMilliseconds();
        var waits = orders.Select(order => Servers.Database.SortedSetScore(item.Keys.Outbox, order)!.Value + 60_000 - now).ToList();
        Assert.InRange(waits[0], 70_000 - 15_000, 70_000 + 15_000);
        Assert.InRange(waits[1], 200_000 - 15_000, 200_000 + 15_000);
        Assert.InRange(waits[2], 1_000_000 - 15_000, 1_000_000);
    }

    [Theory]
    [InlineData(3_600)]
    [InlineData(20)]
    public async Task An_entry_from_before_the_clock_was_set_back_is_late_and_not_new(int seconds)
    {
        var item = await TestItem.OpenAsync();
        var orders = await ReserveWithAgesAsync(item, -seconds, 0, 90);
        var (depth, oldest) = await TestItem.Ledger.InspectOutboxAsync(item.Keys);
        Assert.Equal(3, depth);
        Assert.InRange(oldest.TotalSeconds, Math.Max(seconds, 90) - 15, Math.Max(seconds, 90) + 15);
        Assert.Equal([orders[2], orders[0]], (await ClaimAsync(item, s_minute)).Select(entry => entry.OrderId));
        // Once: it waits as long as an old one, and not as briefly as a new one.
        Assert.Empty(await ClaimAsync(item, s_minute));
        var now = (await item.InspectAsync()).Now.ToUnixTimeMilliseconds();
        var wait = Servers.Database.SortedSetScore(item.Keys.Outbox, orders[0])!.Value + 60_000 - now;
        Assert.InRange(wait, Math.Clamp(seconds, 60, 300) * 1_000 - 15_000, Math.Clamp(seconds, 60, 300) * 1_000);
    }

    [Fact]
    public async Task A_claim_from_before_the_clock_was_set_back_keeps_no_entry_from_the_others()
    {
        var item = await TestItem.OpenAsync();
        var orders = await ReserveWithAgesAsync(item, 90);
        var claimedUntil = (await item.InspectAsync()).Now.AddMinutes(5).AddSeconds(1).ToUnixTimeMilliseconds();
        await Servers.Database.SortedSetAddAsync(item.Keys.Outbox, orders[0], claimedUntil);
        Assert.Equal(orders, (await ClaimAsync(item, s_minute)).Select(entry => entry.OrderId));
        Assert.Empty(await ClaimAsync(item, s_minute));
    }

    [Fact]
    public async Task The_oldest_order_of_a_deep_outbox_may_be_due_last()
    {
        var item = await TestItem.OpenAsync(units: 1_010);
        await ReserveWithAgesAsync(item, [.. Enumerable.Repeat(1, 1_009), -3_600]);
        Assert.InRange((await TestItem.Ledger.InspectOutboxAsync(item.Keys)).Oldest.TotalSeconds, 3_500, 3_700);
    }

    [Fact]
    public async Task Sweepers_that_run_at_once_get_entries_of_their_own()
    {
        var item = await TestItem.OpenAsync(units: 300);
        var orders = await ReserveWithAgesAsync(item, [.. Enumerable.Range(100, 200)]);
        var claims = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(() => ClaimAsync(item, s_minute, most: 20)))).InTime();
        var claimed = claims.SelectMany(claim => claim).Select(entry => entry.OrderId).ToList();
        Assert.Equal(orders.Order(StringComparer.Ordinal), claimed.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task An_entry_without_a_hold_is_shown_once_and_goes_to_the_back()
    {
        var item = await TestItem.OpenAsync();
        var orders = await ReserveWithAgesAsync(item, 900, 100);
        await Servers.Database.HashDeleteAsync(item.Keys.Holds, orders[0]);
        var first = Assert.Single(await ClaimAsync(item, s_minute, most: 1));
        Assert.Equal((orders[0], null), (first.OrderId, first.Hold));
        var second = Assert.Single(await ClaimAsync(item, s_minute, most: 1));
        Assert.Equal(orders[1], second.OrderId);
        Assert.NotNull(second.Hold);
        Assert.Empty(await ClaimAsync(item, s_minute));
        Assert.Equal(orders[0], (await item.OutboxAsync())[^1]);
    }

    [Fact]
    public async Task A_settled_entry_is_not_claimed()
    {
        var item = await TestItem.OpenAsync();
        var orders = await ReserveWithAgesAsync(item, 90, 91);
        await TestItem.Ledger.SettleAsync(item.Keys, [orders[0]]);
        Assert.Equal(orders[1], Assert.Single(await ClaimAsync(item, s_minute)).OrderId);
    }

    private static Task<IReadOnlyList<(string OrderId, Hold? Hold)>> ClaimAsync(
        TestItem item, TimeSpan minimumAge, int most = 100, TimeSpan? longestWait = null) =>
        TestItem.Ledger.ClaimAsync(item.Keys, minimumAge, most, longestWait ?? TimeSpan.FromMinutes(5));

    /// <summary>Orders that were reserved so many seconds ago: hold and score are set back, as nobody can wait that long.</summary>
    private async Task<string[]> ReserveWithAgesAsync(TestItem item, params int[] ages)
    {
        var answers = await item.ReserveAsync([.. ages.Select((_, i) => new Ask(_user + i))]);
        var now = (await item.InspectAsync()).Now;
        for (var i = 0; i < ages.Length; i++)
        {
            var reservedAt = now.AddSeconds(-ages[i]).ToUnixTimeMilliseconds();
            await Servers.Database.HashSetAsync(item.Keys.Holds, answers[i].OrderId, $"{_user + i}:1:{reservedAt}");
            await Servers.Database.SortedSetAddAsync(item.Keys.Outbox, answers[i].OrderId, reservedAt);
        }

        return [.. answers.Select(answer => answer.OrderId)];
    }
}
