

using Seckill.Shared.Stock;

namespace Seckill.Shared.Tests.Stock;

/// <summary>
/// Several reasons often hold at once, and the first of the documented order must be the answer: a retry after the sale has ended
/// still finds its order, and a buyer who has an order is told so and not that everything is gone. Each test sets up two
/// neighbours of that order and expects the earlier one.
/// </summary>
public sealed class ReservePrecedenceTests
{
    private static readonly TimeSpan s_later = TimeSpan.FromHours(1);
    private readonly long _user = TestItem.NewId();

    [Fact]
    public async Task The_same_order_comes_before_everything_else()
    {
        var item = await TestItem.OpenAsync(units: 1, limit: 1);
        await item.ReserveOneAsync(_user, 1, "key");
        await TestItem.Ledger.CloseAsync(item.Keys, 0);
        await AnswersAsync(item, ReserveOutcome.Replayed, key: "key", outboxBound: 1);
        await OpensAsync(item, s_later);
        await AnswersAsync(item, ReserveOutcome.Replayed, key: "key", outboxBound: 1);
    }

    [Fact]
    public async Task A_reused_key_comes_before_a_window_that_has_not_begun()
    {
        var item = await TestItem.OpenAsync();
        await item.ReserveOneAsync(_user, 1, "key");
        await OpensAsync(item, s_later);
        await AnswersAsync(item, ReserveOutcome.KeyReused, 2, "key");
    }

    [Fact]
    public async Task A_window_that_has_not_begun_comes_before_a_sale_closed_by_hand()
    {
        var item = await TestItem.OpenAsync(opensIn: s_later, closesIn: 2 * s_later);
        await TestItem.Ledger.CloseAsync(item.Keys, 0);
        await AnswersAsync(item, ReserveOutcome.NotOpen);
    }

    [Fact]
    public async Task A_closed_sale_comes_before_the_limit()
    {
        var item = await TestItem.OpenAsync(limit: 1);
        await TestItem.Ledger.CloseAsync(item.Keys, 0);
        await AnswersAsync(item, ReserveOutcome.Closed, 2);
    }

    [Fact]
    public async Task The_limit_comes_before_sold_out()
    {
        var item = await TestItem.OpenAsync(units: 1, limit: 1);
        await item.ReserveOneAsync(_user);
        await AnswersAsync(item, ReserveOutcome.LimitReached);
    }

    [Fact]
    public async Task Sold_out_comes_before_a_full_outbox() =>
        await AnswersAsync(await TestItem.OpenAsync(units: 0), ReserveOutcome.SoldOut, outboxBound: 0);

    [Fact]
    public async Task A_full_outbox_comes_before_a_reservation() =>
        await AnswersAsync(await TestItem.OpenAsync(), ReserveOutcome.OutboxFull, outboxBound: 0);

    private static Task<bool> OpensAsync(TestItem item, TimeSpan fromNow) => Servers.Database.HashSetAsync(
        item.Keys.State, "opens", TimeProvider.System.GetUtcNow().Add(fromNow).ToUnixTimeMilliseconds());

    private async Task AnswersAsync(TestItem item, ReserveOutcome outcome, int quantity = 1, string? key = null, int outboxBound = 9) =>
        Assert.Equal(outcome, Assert.Single(await item.ReserveWithBoundAsync(outboxBound, new Ask(_user, quantity, key))).Outcome);
}
