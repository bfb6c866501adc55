using Seckill.Chaos;
using Seckill.Chaos.Invariants;
using Seckill.Tests.Harness.Checks;

namespace Seckill.System.Tests.Chaos;

/// <summary>
/// Promise: a run whose events are not the history of its orders, or whose refunds are more than was paid, is noticed. Each invariant is
/// shown a small history that breaks it, beside one that breaks nothing.
/// </summary>
public sealed class EventInvariantTests
{
    private static readonly Evidence s_good = new()
    {
        Operations = [],
        LimitPerUser = 2,
        Units = 10,
        Books = new Dictionary<long, Books> { [7] = Book(Row("a", "placed"), Row("b", "paid"), Row("c", "cancelled")) },
        Payments = [new PaymentRow("p", "b", "accepted", 100)],
        Events = History,
        Delivered = Delivered(History),
    };

    /// <summary>One order is placed, one is paid, one is cancelled.</summary>
    internal static OrderEventRow[] History =>
        [new("a", "placed", 1), new("b", "placed", 2), new("c", "placed", 3), new("b", "paid", 4), new("c", "cancelled", 5)];

    /// <summary>In this order.</summary>
    internal static DeliveredEvent[] Delivered(IEnumerable<OrderEventRow> events) =>
        [.. events.Select(one => new DeliveredEvent("id-" + one.Number, one))];

    [Fact]
    public void A_history_that_breaks_nothing_is_called_good() =>
        Assert.All(EventInvariants.All, invariant => Assert.Empty(invariant.Violations(s_good)));

    [Theory]
    [InlineData(60, 1, 1)]
    [InlineData(101, 1, 1)]
    [InlineData(60, 2, 1)]
    [InlineData(60, 0, 1)]
    [InlineData(60, 1, 0)]
    public void Refunds_of_operators_are_at_most_what_was_paid_and_as_many_as_were_asked_for(int amount, int times, int asked)
    {
        var evidence = s_good with
        {
            Refunds = [.. Enumerable.Repeat(new RefundRow("p", "b", "operator", amount), times)],
            Calls = [.. Enumerable.Repeat(new OperatorCall(0, OperatorAct.Refund, "inventory-1", 0, amount, "b", 1, 2, 200, null), asked)],
        };
        var found = Find(MoneyInvariants.All, "refunds within payments").Violations(evidence);
        Assert.Equal((amount, times, asked) == (60, 1, 1), !found.Any());
        Assert.Empty(Find(MoneyInvariants.All, "refunded once").Violations(evidence));
    }

    [Theory]
    [InlineData("has the events placed, paid", "c placed 3; c paid 5")]
    [InlineData("has the events placed", "c placed 3")]
    [InlineData("has the events cancelled, placed", "c cancelled 3; c placed 5")]
    [InlineData("has the events placed, placed", "a placed 1; a placed 6")]
    [InlineData("order z has events and no row", "z placed 6")]
    [InlineData("has 0 refunds and 1 events", "b placed 2; b paid 4; b refunded 6")]
    public void Events_that_are_not_the_history_are_noticed(string because, string events)
    {
        var those = events.Split("; ").Select(one => one.Split(' '))
            .Select(one => new OrderEventRow(one[0], one[1], int.Parse(one[2], null))).ToArray();
        var others = History.Where(one => those.All(other => other.OrderId != one.OrderId));
        Broken("events", because, s_good with { Events = [.. those, .. others] });
    }

    [Fact]
    public void An_event_may_be_delivered_twice_and_must_be_delivered_once_and_in_order()
    {
        var twice = s_good with { Delivered = Delivered([.. History, .. History]) };
        Assert.Empty(Find(EventInvariants.All, "events delivered").Violations(twice));
        Broken("events delivered", "was not delivered", s_good with { Delivered = Delivered(History[1..]) });
        Broken("events delivered", "is none", s_good with { Delivered = Delivered([.. History, new("a", "paid", 6)]) });
        Broken("events delivered", "came as 4, 2", s_good with
        {
            Delivered = Delivered([History[0], History[3], History[1], History[2], History[4]]),
        });
    }

    private static void Broken(string invariant, string because, Evidence evidence) => Assert.Contains(
        Find(EventInvariants.All, invariant).Violations(evidence),
        violation => violation.Contains(because, StringComparison.Ordinal));

    private static Invariant Find(Invariant[] all, string name) => all.Single(invariant => invariant.Name == name);

    private static Books.Row Row(string order, string status) =>
        new(order, 1, 1, status, status == "paid", status == "cancelled");

    private static Books Book(params Books.Row[] rows) => new()
    {
        Available = 8, Held = 2, Allocated = 10, Holds = new Dictionary<string, (long, int)>(), UnitsOfBuyers = new Dictionary<long, int>(),
        Outbox = new HashSet<string>(), Rows = rows, LedgerAllocated = 10, LedgerLive = 2, Quarantined = 0,
    };
}
