
using Seckill.Chaos;
using Seckill.Chaos.Invariants;
using Seckill.Tests.Harness.Checks;

namespace Seckill.System.Tests.Chaos;

/// <summary>
/// Promise: a run that broke a promise is noticed. Each invariant is shown a small history that breaks it and nothing else, beside one
/// that breaks nothing; a checker that cannot fail would make every run look good.
/// </summary>
public sealed class InvariantTests
{
    private const long Sku = 7;

    // Three buyers of ten units, two for each at most: one has placed, one has paid, one has cancelled.
    private static readonly Operation s_placed = Click(1, "a", 2, key: "k");
    private static readonly Operation s_paid = Click(2, "b", 1);
    private static readonly Operation s_cancelled = Click(3, "c", 1);
    private static readonly Operation s_payment = Ask(Act.Pay, 2, "b", 300, 200, "accepted") with { Key = "p" };
    private static readonly Operation s_cancellation = Ask(Act.Cancel, 3, "c", 300, 200, "cancelled");
    private static readonly Books.Row[] s_rows = [Row("a", 1, 2, "placed"), Row("b", 2, 1, "paid"), Row("c", 3, 1, "cancelled")];

    private static readonly Evidence s_good = new()
    {
        Operations = [s_placed, s_paid, s_cancelled, s_payment, s_cancellation],
        LimitPerUser = 2,
        Units = 10,
        Books = Shelf(s_rows),
        Released = new Dictionary<long, long> { [Sku] = 1 },
        Live = [new LiveSample(150, Sku, 10, 3, 3, [])],
        Stock = [.. Enumerable.Range(0, 40).Select(i => new StockSample(i * 100, (i * 100) + 5, Sku, 7, 1, "open 1 0"))],
        Payments = [new PaymentRow("p", "b", "accepted", 100)],
        Events = EventInvariantTests.History,
        Delivered = EventInvariantTests.Delivered(EventInvariantTests.History),
        Queues = new Dictionary<string, long> { ["orders-reserved"] = 0, ["orders-reserved-dead"] = 0 },
        LegacyShould = new Dictionary<string, string> { ["a"] = "1 2", ["b"] = "2 1", ["c"] = "3 1" },
        LegacyIs = new Dictionary<string, string> { ["a"] = "1 2", ["b"] = "2 1", ["c"] = "3 1" },
    };

    [Fact]
    public void A_history_that_breaks_nothing_is_called_good() => Invariant.CheckAll(s_good);

    [Fact]
    public void A_confirmed_order_that_is_nowhere_is_lost() =>
        Broken("lost", "order x", s_good with { Operations = [.. s_good.Operations, Click(9, "x", 1)] });

    [Fact]
    public void An_order_that_was_for_a_moment_neither_in_the_outbox_nor_a_row_is_lost() =>
        Broken("lost", "order a", s_good with { Homeless = [new HomelessSample(200, ["a"])] });

    [Fact]
    public void An_order_that_Redis_alone_had_when_it_lost_data_is_not_called_lost()
    {
        var evidence = s_good with { Operations = [.. s_good.Operations, Click(9, "x", 1)] };
        Assert.Empty(Find("lost").Violations(evidence with { Losses = [150] }));
        Assert.NotEmpty(Find("lost").Violations(evidence with { Losses = [50] }));
    }

    [Fact]
    public void A_row_that_nobody_asked_for_is_unexpected() =>
        Broken("unexpected", "user 9", WithRow(Row("x", 9, 1, "placed")));

    [Fact]
    public void A_row_of_a_click_whose_outcome_was_never_learnt_is_expected_once()
    {
        var unknown = Click(9, null, 1) with { Status = 0, Said = "timeout" };
        var once = WithRow(Row("x", 9, 1, "placed")) with { Operations = [.. s_good.Operations, unknown] };
        Assert.Empty(Find("unexpected").Violations(once));
        var twice = WithRow(Row("x", 9, 1, "placed"), Row("y", 9, 1, "placed")) with { Operations = once.Operations };
        Assert.NotEmpty(Find("unexpected").Violations(twice));
    }

    [Theory]
    [InlineData(202, 1)]
    [InlineData(409, 0)]
    public void The_answer_to_another_request_with_its_key_explains_a_row_only_by_a_yes(int status, int violations)
    {
        var unknown = Click(9, null, 1, key: "k") with { Status = 0, Said = "timeout" };
        var twin = Click(9, status == 202 ? "x" : null, 1, key: "k") with { Status = status };
        var rows = status == 202 ? WithRow(Row("x", 9, 1, "placed"), Row("y", 9, 1, "placed")) : WithRow(Row("y", 9, 1, "placed"));
        var evidence = rows with { Operations = [.. s_good.Operations, unknown, twin] };
        Assert.Equal(violations, Find("unexpected").Violations(evidence).Count());
    }

    [Fact]
    public void A_row_that_is_not_what_was_confirmed_is_unexpected() =>
        Broken("unexpected", "a", s_good with { Books = Shelf([Row("a", 1, 1, "placed"), .. s_rows[1..]]) });

    [Fact]
    public void Two_orders_for_one_key_are_duplicates() =>
        Broken("duplicates", "one key", WithRow(Row("x", 1, 1, "placed")) with
        {
            Operations = [.. s_good.Operations, Click(1, "x", 2, key: "k")],
        });

    [Fact]
    public void One_order_for_two_requests_is_a_duplicate() =>
        Broken("duplicates", "two requests", s_good with { Operations = [.. s_good.Operations, Click(2, "b", 1)] });

    [Fact]
    public void An_undocumented_answer_is_noticed() =>
        Broken("answers", "500", s_good with
        {
            Operations = [.. s_good.Operations, s_cancellation with { Status = 500, Said = "internal-error" }],
        });

    [Fact]
    public void A_buyer_who_is_left_hanging_is_noticed() =>
        Broken("answers", "hanging", s_good with
        {
            Operations = [.. s_good.Operations, Click(9, null, 1) with { Status = 503, Said = "unavailable", Ended = 20_000 }],
        });

    [Fact]
    public void A_refusal_that_names_an_order_of_somebody_else_is_noticed() =>
        Broken("answers", "limit-reached", s_good with
        {
            Operations = [.. s_good.Operations, Click(9, null, 1) with { Status = 409, Said = "limit-reached", Told = ["a"] }],
        });

    [Fact]
    public void More_live_units_than_were_allocated_at_any_moment_are_oversold() =>
        Broken("oversold", "11 of 10", s_good with { Live = [new LiveSample(150, Sku, 10, 11, 11, [])] });

    [Fact]
    public void A_ledger_row_that_says_another_sum_than_the_orders_is_noticed() =>
        Broken("oversold", "said 3", s_good with { Live = [new LiveSample(150, Sku, 10, 3, 4, [])] });

    [Fact]
    public void A_rejected_order_is_noticed_unless_Redis_lost_data()
    {
        var rejected = WithRow(Row("x", 9, 1, "rejected"));
        Assert.NotEmpty(Find("oversold").Violations(rejected));
        Assert.Empty(Find("oversold").Violations(rejected with { Losses = [1] }));
    }

    [Theory]
    [InlineData("available + held")]
    [InlineData("held and not live")]
    [InlineData("its hold is not")]
    [InlineData("count of user 1")]
    [InlineData("outbox is 1")]
    [InlineData("live of the ledger row")]
    public void Books_that_do_not_balance_are_noticed(string how)
    {
        var books = how switch
        {
            "available + held" => Book(s_rows, available: 8),
            "held and not live" => Book(s_rows, holds: new() { ["a"] = (1, 2), ["b"] = (2, 1), ["c"] = (3, 1) }),
            "its hold is not" => Book(s_rows, holds: new() { ["b"] = (2, 1) }),
            "count of user 1" => Book(s_rows, buyers: new() { [1] = 1, [2] = 1 }),
            "outbox is 1" => Book(s_rows, outbox: ["a"]),
            _ => Book(s_rows, live: 4),
        };
        Broken("conservation", how, s_good with { Books = new Dictionary<long, Books> { [Sku] = books } });
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void Stock_that_comes_back_never_or_twice_is_noticed(long released) =>
        Broken("returned once", "c", s_good with { Released = new Dictionary<long, long> { [Sku] = released } });

    [Fact]
    public void Sold_out_while_there_was_enough_for_more_than_a_second_is_noticed() =>
        Broken("sold out", "7 units", s_good with { Operations = [.. s_good.Operations, SoldOut] });

    [Theory]
    [InlineData("nothing was for sale for a moment")]
    [InlineData("what came back was perhaps gone before")]
    [InlineData("nobody looked for a while")]
    [InlineData("it was rebuilt")]
    public void Sold_out_is_believed_when(string reason)
    {
        StockSample Change(StockSample sample, int at) => reason switch
        {
            "nothing was for sale for a moment" => at == 25 ? sample with { Available = 0 } : sample,
            "what came back was perhaps gone before" => at >= 25 ? sample with { Released = 9 } : sample,
            "it was rebuilt" => at >= 25 ? sample with { Fence = "open 2 1" } : sample,
            _ => at == 25 ? sample with { At = 2_400, Until = 2_900 } : sample,
        };
        var evidence = s_good with { Operations = [.. s_good.Operations, SoldOut], Stock = [.. s_good.Stock.Select(Change)] };
        Assert.Empty(Find("sold out").Violations(evidence));
    }

    [Fact]
    public void A_buyer_who_has_more_than_the_limit_is_noticed()
    {
        Broken("limit", "user 1", WithRow(Row("x", 1, 1, "placed")) with { Operations = [.. s_good.Operations, Click(1, "x", 1)] });
        Broken("limit", "user 5", s_good with { Live = [new LiveSample(150, Sku, 10, 3, 3, [5])] });
    }

    [Fact]
    public void An_order_that_is_paid_and_closed_is_noticed() =>
        Broken("paid or closed", "b", s_good with { Books = Shelf([s_rows[0], s_rows[1] with { WasClosed = true }, s_rows[2]]) });

    [Fact]
    public void Two_ends_of_one_order_are_noticed() =>
        Broken("paid or closed", "two ends", s_good with
        {
            Operations = [.. s_good.Operations, Ask(Act.Look, 2, "b", 400, 200, "expired")],
        });

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void Late_money_that_is_refunded_never_or_twice_is_noticed(int times) =>
        Broken("refunded once", "late", s_good with
        {
            Operations = [.. s_good.Operations, Ask(Act.Pay, 3, "c", 500, 200, "refund") with { Key = "late" }],
            Payments = [.. s_good.Payments, new PaymentRow("late", "c", "refund")],
            Refunds = [.. Enumerable.Repeat(new RefundRow("late", "c", "cancelled"), times)],
        });

    [Fact]
    public void A_payment_that_was_answered_and_forgotten_is_noticed() =>
        Broken("refunded once", "payment p", s_good with { Payments = [] });

    [Fact]
    public void Messages_left_behind_are_noticed() =>
        Broken("queues empty", "dead", s_good with { Queues = new Dictionary<string, long> { ["orders-reserved-dead"] = 1 } });

    [Fact]
    public void A_quarantined_order_that_nothing_was_wrong_with_is_noticed() =>
        Broken("queues empty", "order q", s_good with { Quarantined = ["q"] });

    [Fact]
    public void A_legacy_row_that_differs_is_noticed_unless_the_product_noticed_it()
    {
        var differs = s_good with { LegacyIs = new Dictionary<string, string> { ["a"] = "1 1", ["b"] = "2 1", ["c"] = "3 1" } };
        Broken("legacy parity", "order a", differs);
        Assert.Empty(Find("legacy parity").Violations(differs with { LegacyFound = new HashSet<string> { "a" } }));
        Broken("legacy parity", "alone", s_good with
        {
            LegacyIs = new Dictionary<string, string>(s_good.LegacyIs) { ["z"] = "9 9" },
        });
    }

    private static Operation SoldOut => Click(9, null, 1) with { Begun = 2_600, Ended = 2_650, Status = 409, Said = "sold-out" };

    private static void Broken(string invariant, string because, Evidence evidence)
    {
        Assert.Contains(Find(invariant).Violations(evidence), violation => violation.Contains(because, StringComparison.Ordinal));
        Assert.Throws<InvariantException>(() => Invariant.CheckAll(evidence));
    }

    private static Invariant Find(string name) => Invariant.All.Single(invariant => invariant.Name == name);

    private static Operation Click(long user, string? order, int quantity, string? key = null) =>
        new(0, Act.Order, "api-1", user, Sku, quantity, key, order, 100, 110, order is null ? 409 : 202, null, []);

    private static Operation Ask(Act act, long user, string order, double at, int status, string said) =>
        new(0, act, "api-1", user, Sku, 0, null, order, at, at + 10, status, said, []);

    private static Books.Row Row(string order, long user, int quantity, string status) =>
        new(order, user, quantity, status, status == "paid", status is "cancelled" or "expired");

    private static Evidence WithRow(params Books.Row[] more) => s_good with { Books = Shelf([.. s_rows, .. more]) };

    private static Dictionary<long, Books> Shelf(Books.Row[] rows) => new() { [Sku] = Book(rows) };

    private static Books Book(
        Books.Row[] rows, int? available = null, Dictionary<string, (long, int)>? holds = null, Dictionary<long, int>? buyers = null,
        string[]? outbox = null, int? live = null)
    {
        var units = rows.Where(row => row.Status is "placed" or "paid").ToArray();
        var held = units.Sum(row => row.Quantity);
        return new Books
        {
            Available = available ?? (10 - held),
            Held = held,
            Allocated = 10,
            Holds = holds ?? units.ToDictionary(row => row.OrderId, row => (row.UserId, row.Quantity)),
            UnitsOfBuyers = buyers
                ?? units.GroupBy(row => row.UserId).ToDictionary(mine => mine.Key, mine => mine.Sum(row => row.Quantity)),
            Outbox = new HashSet<string>(outbox ?? []),
            Rows = rows,
            LedgerAllocated = 10,
            LedgerLive = live ?? held,
            Quarantined = 0,
        };
    }
}
