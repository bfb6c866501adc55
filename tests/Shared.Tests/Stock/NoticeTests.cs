using Seckill.Shared.Stock;

namespace Seckill.Shared.Tests.Stock;

/// <summary>
/// Every instance looks at every item. Each fall of the stock to a mark must be handed to one of them, to another when that one dies,
/// and to nobody once it is told; and the next fall is news again.
/// </summary>
public sealed class NoticeTests
{
    private const double Share = 0.2;
    private static readonly TimeSpan s_long = TimeSpan.FromMinutes(10);
    private readonly StockLedger _ledger = TestItem.Ledger;

    [Theory]
    [InlineData(7, 0, 0)]
    [InlineData(8, 1, 0)]
    [InlineData(9, 1, 0)]
    [InlineData(10, 1, 1)]
    public async Task A_mark_is_crossed_at_exactly_its_share(int sold, long low, long soldOut)
    {
        var item = await TestItem.OpenAsync(units: 10, limit: 10);
        await item.ReserveOneAsync(1, sold);
        var notice = (await _ledger.NoticeAsync(item.Keys, Share, s_long))!;
        Assert.Equal((10 - sold, 10, low, soldOut), (notice.Available, notice.Allocated, notice.LowCrossing, notice.SoldOutCrossing));
    }

    [Fact]
    public async Task A_crossing_is_handed_to_one_of_many()
    {
        var item = await SoldOutAsync();
        var notices = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => _ledger.NoticeAsync(item.Keys, Share, s_long)));
        Assert.Equal((1, 1), (notices.Sum(notice => notice!.LowCrossing), notices.Sum(notice => notice!.SoldOutCrossing)));
    }

    [Fact]
    public async Task A_claim_that_runs_out_is_handed_out_again_with_the_same_number()
    {
        var item = await SoldOutAsync();
        Assert.Equal((1, 1), await NoticeAsync(item, TimeSpan.Zero));
        Assert.Equal((1, 1), await NoticeAsync(item, s_long));
        Assert.Equal((0, 0), await NoticeAsync(item, s_long));
    }

    [Fact]
    public async Task A_claim_from_before_the_clock_was_set_back_is_handed_out_again()
    {
        var item = await SoldOutAsync();
        Assert.Equal((1, 1), await NoticeAsync(item, s_long));
        Assert.Equal((1, 1), await NoticeAsync(item, s_long / 2));
    }

    [Fact]
    public async Task What_was_told_is_handed_out_no_more_until_the_next_fall()
    {
        var item = await SoldOutAsync();
        Assert.Equal((1, 1), await NoticeAsync(item, TimeSpan.Zero));
        Assert.True(await _ledger.MarkPublishedAsync(item.Keys, StockMark.Low, 1));
        Assert.Equal((0, 1), await NoticeAsync(item, TimeSpan.Zero));
        Assert.True(await _ledger.MarkPublishedAsync(item.Keys, StockMark.SoldOut, 1));
        Assert.Equal((0, 0), await NoticeAsync(item, TimeSpan.Zero));

        // One unit comes back and is sold: sold out again, and running low all the time.
        await _ledger.AdjustAsync(item.Keys, "one", 1);
        Assert.Equal((0, 0), await NoticeAsync(item, TimeSpan.Zero));
        await item.ReserveOneAsync(2);
        Assert.Equal((0, 2), await NoticeAsync(item, TimeSpan.Zero));
        // Many come back and are sold: both.
        await _ledger.AdjustAsync(item.Keys, "many", 9);
        Assert.Equal((0, 0), await NoticeAsync(item, TimeSpan.Zero));
        await item.ReserveOneAsync(3, 9);
        Assert.Equal((2, 3), await NoticeAsync(item, TimeSpan.Zero));
    }

    [Fact]
    public async Task Who_is_late_to_say_so_does_not_hide_the_next_fall()
    {
        var item = await SoldOutAsync();
        Assert.Equal((1, 1), await NoticeAsync(item, s_long));
        await _ledger.AdjustAsync(item.Keys, "more", 9);
        Assert.Equal((0, 0), await NoticeAsync(item, s_long));
        Assert.False(await _ledger.MarkPublishedAsync(item.Keys, StockMark.SoldOut, 1));
        await item.ReserveOneAsync(2, 9);
        Assert.Equal((2, 2), await NoticeAsync(item, TimeSpan.Zero));
        Assert.False(await _ledger.MarkPublishedAsync(item.Keys, StockMark.SoldOut, 1));
        Assert.Equal((2, 2), await NoticeAsync(item, TimeSpan.Zero));
    }

    [Fact]
    public async Task An_item_that_is_not_warm_has_no_news() =>
        Assert.Null(await _ledger.NoticeAsync(new TestItem().Keys, Share, s_long));

    private static async Task<TestItem> SoldOutAsync()
    {
        var item = await TestItem.OpenAsync(units: 10, limit: 10);
        await item.ReserveOneAsync(1, 10);
        return item;
    }

    private async Task<(long Low, long SoldOut)> NoticeAsync(TestItem item, TimeSpan claim)
    {
        var notice = (await _ledger.NoticeAsync(item.Keys, Share, claim))!;
        return (notice.LowCrossing, notice.SoldOutCrossing);
    }
}
