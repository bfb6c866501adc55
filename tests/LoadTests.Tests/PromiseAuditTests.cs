using Seckill.LoadTests.Books;
using Seckill.LoadTests.Client;

namespace Seckill.LoadTests.Tests;

/// <summary>Promises against rows, ledger, payments and refunds: each contradiction is found, and a right sale has none.</summary>
public sealed class PromiseAuditTests
{
    private static readonly SaleItem s_item = new(1001, 10, 2, 1999, "EUR");
    private static readonly Sale s_sale = new(7, "sale", default, default, 60, [s_item]);
    private static readonly OrderAttempt[] s_log = [Accepted("a", 1), Accepted("b", 2), Attempt(3, "k", OrderAnswer.Unknown("timeout"))];
    private static readonly OrderRow[] s_rows = [Row("a", 1), Row("b", 2)];
    private static readonly LedgerItem s_ledger = new(1001, 10, 8, 0, 2, 0, 0, 0, true);

    public static TheoryData<ViolationKind, OrderRow[]> WrongRows => new()
    {
        { ViolationKind.Lost, [Row("a", 1)] },
        { ViolationKind.Duplicate, [.. s_rows, Row("b", 2)] },
        { ViolationKind.Altered, [Row("a", 1), Row("b", 2) with { Quantity = 2 }] },
        { ViolationKind.Altered, [Row("a", 1), Row("b", 2) with { UnitPrice = 1 }] },
        { ViolationKind.Altered, [Row("a", 1), Row("b", 2) with { Status = "rejected" }] },
        { ViolationKind.Unexpected, [.. s_rows, Row("c", 4)] },
        // One unknown outcome explains one order, not two.
        { ViolationKind.Unexpected, [.. s_rows, Row("c", 3), Row("d", 3)] },
    };

    public static TheoryData<ViolationKind, LedgerItem, long> WrongLedgers => new()
    {
        { ViolationKind.Lost, s_ledger with { Placed = 1, Available = 9 }, 0 },
        { ViolationKind.Unexpected, s_ledger with { Placed = 4, Available = 6 }, 0 },
        { ViolationKind.Unexpected, s_ledger, 2 },
        { ViolationKind.Oversold, s_ledger with { Rejected = 1 }, 0 },
        { ViolationKind.Oversold, s_ledger with { Placed = 11, Available = -1 }, 0 },
        { ViolationKind.Unbalanced, s_ledger with { Available = 7 }, 0 },
        { ViolationKind.Unbalanced, s_ledger with { Allocated = 11, Available = 9 }, 0 },
    };

    public static TheoryData<string, OrderHistory, string, string[]> WrongEnds => new()
    {
        { "paid without a payment", History(), "paid", [] },
        { "accepted and expired", History(("p", "accepted")), "expired", [] },
        { "cancelled and paid", History(("p", "accepted")) with { Cancellation = "cancelled" }, "paid", [] },
        { "cancelled without a cancellation", History(), "cancelled", [] },
        { "in no table", History(("p", "accepted")), "nowhere", [] },
        { "the events end otherwise", History(("p", "accepted")) with { IsFollowed = true, Followed = "placed" }, "paid", [] },
        { "a refund that is not listed", History(("p", "accepted"), ("q", "refund")), "paid", [] },
        { "an accepted payment that is listed", History(("p", "accepted")), "paid", ["p"] },
        { "a refund that is listed twice", History(("p", "accepted"), ("q", "refund")), "paid", ["q", "q"] },
    };

    [Fact]
    public void A_right_sale_has_no_violation()
    {
        Assert.Empty(PromiseAudit.Check(s_log, s_rows));
        Assert.Empty(PromiseAudit.Check(s_log, [.. s_rows, Row("c", 3)]));
        Assert.Empty(LedgerAudit.Check(s_sale, s_log, [s_ledger], 0));
        Assert.Empty(LedgerAudit.Check(s_sale, s_log, [s_ledger with { Placed = 3, Available = 7 }], 0));
        Assert.Empty(PaymentAudit.Check([History(("p", "accepted"), ("q", "refund"))], [Row("a", 1) with { Status = "paid" }], ["q"]));
    }

    [Theory]
    [MemberData(nameof(WrongRows))]
    public void Each_contradiction_of_a_row_is_a_violation(ViolationKind kind, OrderRow[] rows) =>
        Assert.Equal([kind], PromiseAudit.Check(s_log, rows).Select(violation => violation.Kind));

    [Theory]
    [MemberData(nameof(WrongLedgers))]
    public void Each_contradiction_of_the_ledger_is_a_violation(ViolationKind kind, LedgerItem ledger, long quarantined) =>
        Assert.Contains(kind, LedgerAudit.Check(s_sale, s_log, [ledger], quarantined).Select(violation => violation.Kind));

    [Theory]
    [MemberData(nameof(WrongEnds))]
    public void Each_contradiction_of_the_end_of_an_order_is_a_violation(string what, OrderHistory history, string status, string[] refunds)
    {
        OrderRow[] rows = status == "nowhere" ? [] : [Row("a", 1) with { Status = status }];
        Assert.True(PaymentAudit.Check([history], rows, refunds).Any(), what);
    }

    private static OrderHistory History(params (string, string)[] payments)
    {
        var history = new OrderHistory("a");
        history.Payments.AddRange(payments);
        return history;
    }

    private static OrderRow Row(string id, long user) => new(id, 1001, user, 1, "placed", 1999, "EUR");

    private static OrderAttempt Accepted(string id, long user) =>
        Attempt(user, null, new OrderAnswer(AnswerKind.Accepted, "accepted") { OrderId = id, Units = 1 });

    private static OrderAttempt Attempt(long user, string? key, OrderAnswer answer) =>
        new(user, new OrderRequest(7, s_item, 1), key, 0, user, user, answer);
}
