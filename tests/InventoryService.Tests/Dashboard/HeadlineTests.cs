using Seckill.InventoryService.Backlog;
using Seckill.InventoryService.Dashboard;
using Seckill.InventoryService.Sales;
using Seckill.Shared.Stock;

namespace Seckill.InventoryService.Tests.Dashboard;

/// <summary>
/// The headline speaks of the busiest sale, by its id and name. Broken by a sum over sales, and by "quiet" while every click is refused.
/// </summary>
public sealed class HeadlineTests : Looks
{
    [Fact]
    public void It_is_that_of_the_sale_with_the_most_clicks()
    {
        var facts = Two(availableOfFirst: 60, availableOfSecond: 0);
        Assert.Equal("#7 Friday is selling.", Headline(facts, (7, 900), (8, 300)));
        Assert.Equal("1,200 orders a second in all sales. 60 of 100 units are left. Nothing is broken.", Look(facts).Verdict.Detail);
        var late = facts with
        {
            Traffic = facts.Traffic! with { Accepted = 3, Refused = [new RefusalRate("sold-out", 1_819, Tone.Fine)] },
        };
        Assert.Equal("#8 Saturday is sold out; 1,819 a second come too late.", Headline(late, (7, 5), (8, 1_900)));
        Assert.Equal("All 100 units have a buyer. Nothing is broken.", Look(With(late, (7, 5), (8, 1_900))).Verdict.Detail);
        // Buyers who click again get their order.
        Assert.Equal("#8 Saturday is sold out; 50 clicks a second.", Headline(facts, (8, 50)));
    }

    [Fact]
    public void It_is_quiet_only_without_clicks()
    {
        var facts = Facts();
        var none = facts with { Traffic = facts.Traffic! with { Accepted = 0 } };
        Assert.Equal("#7 Friday is on, and quiet.", Headline(none));
        var refused = none with { Traffic = none.Traffic! with { Refused = [new RefusalRate("rate-limited", 1, Tone.Fine)] } };
        Assert.Equal("#7 Friday is on; 1 click a second, and no order.", Headline(refused));
        Assert.Equal("60 of 100 units are left. Most get: rate limited. Nothing is broken.", Look(refused).Verdict.Detail);
        Assert.Equal("#7 Friday is on.", Headline(none with { Traffic = null }));
    }

    [Theory]
    [InlineData(SaleState.Closed, -60, 60, "#7 Friday is closed; 20 a second come too late.")]
    [InlineData(SaleState.Open, -60, -1, "#7 Friday has ended; 20 a second come too late.")]
    [InlineData(SaleState.Open, 1, 60, "#7 Friday has not opened; 20 a second come too early.")]
    public void Clicks_outside_the_window_are_named(SaleState state, int opensIn, int closesIn, string headline)
    {
        var facts = Facts();
        var row = facts.Orders!.Items[0] with
        {
            State = state, OpensAt = Now.AddMinutes(opensIn).UtcDateTime, ClosesAt = Now.AddMinutes(closesIn).UtcDateTime,
        };
        Assert.Equal(headline, Headline(facts with { Orders = facts.Orders with { Items = [row] } }, (7, 20)));
    }

    [Fact]
    public void Sold_out_is_said_only_when_every_item_of_the_sale_is_known_to_be()
    {
        var facts = Facts() with { Stock = Stock(0, 0, available: 0) };
        facts = facts with { Traffic = facts.Traffic! with { Accepted = 0 } };
        Assert.Equal("#7 Friday is sold out.", Headline(facts));
        var unread = Look(facts with { Stock = new Dictionary<ItemKey, ItemStock>() }).Verdict;
        Assert.Equal(
            ("#7 Friday is on, and quiet.", "How many units are left is unknown. Nothing is broken."), (unread.Headline, unread.Detail));
        var cut = facts with { Orders = facts.Orders! with { Items = [facts.Orders.Items[0] with { ItemsInSale = 2 }] } };
        Assert.Equal("#7 Friday is on, and quiet.", Headline(cut));
    }

    // Redis decides the window, not the clock of this process.
    [Fact]
    public void The_window_is_by_the_clock_of_Redis()
    {
        var facts = Facts() with { AheadOfRedis = TimeSpan.FromMinutes(2) };
        Assert.Equal("No sale is on; #7 Friday is next.", Headline(facts));
        Assert.Equal(SalePhase.Upcoming, Look(facts).Sales[0].Phase);
        Assert.Equal(Now.AddMinutes(-2), Look(facts).Next!.RedisNow);
    }

    [Fact]
    public void An_opening_has_a_checklist()
    {
        var facts = Facts();
        var row = facts.Orders!.Items[0] with
        {
            State = SaleState.Created, IsWarm = false, Live = 0, OpensAt = Now.AddMinutes(5).UtcDateTime,
        };
        Snapshot Of(ItemRow item, Facts other) => Look(other with { Orders = other.Orders! with { Items = [item] } });
        var planned = Of(row, facts).Next!;
        Assert.Equal((7, "Friday", Now.AddMinutes(5), Now), (planned.SaleId, planned.Name, planned.OpensAt, planned.RedisNow));
        Assert.Equal(
            [
                ("opened", Tone.Off, "not yet: use Open on its card"), ("loaded", Tone.Off, "0 of 1 item"),
                ("apis", Tone.Fine, "2 APIs and 1 worker running"), ("audit", Tone.Off, "after it is opened"),
            ],
            planned.Checks.Select(check => (check.Id, check.Tone, check.Note)));
        var opened = row with { State = SaleState.Open, IsWarm = true };
        Assert.All(Of(opened, facts).Next!.Checks, check => Assert.Equal(Tone.Fine, check.Tone));
        Assert.Equal("1 of 1 item, 60 units", Of(opened, facts).Next!.Checks[1].Note);
        var noApi = Of(opened, facts with { Traffic = facts.Traffic! with { Apis = 0 } }).Next!.Checks;
        Assert.Equal(("0 APIs and 1 worker running", Tone.Off), (noApi[2].Note, noApi[2].Tone));
        Assert.Null(Look(facts).Next);
    }

    private string Headline(Facts facts, params (long Sale, double Clicks)[] rates) => Look(With(facts, rates)).Verdict.Headline;

    private static Facts With(Facts facts, params (long Sale, double Clicks)[] rates) => facts.Traffic is null ? facts : facts with
    {
        Traffic = facts.Traffic with
        {
            Sales = [.. rates.OrderByDescending(rate => rate.Clicks).Select(rate => new SaleRate(rate.Sale, rate.Clicks))],
        },
    };

    private static Facts Two(int availableOfFirst, int availableOfSecond)
    {
        var facts = Facts();
        var stock = Stock(0, 0, availableOfFirst);
        stock[new ItemKey(8, 1)] = Stock(0, 0, availableOfSecond)[Item];
        return facts with
        {
            Stock = stock,
            Orders = facts.Orders! with
            {
                Items = [facts.Orders.Items[0], facts.Orders.Items[0] with { SaleId = 8, SkuId = 1, Name = "Saturday" }],
            },
        };
    }
}
