using Seckill.LoadTests.Books;
using Seckill.LoadTests.Client;

namespace Seckill.LoadTests.Tests;

/// <summary>The one set of equations: a right sale has no finding, and each way in which the stores can disagree has one.</summary>
public sealed class StockAuditTests
{
    private static readonly SaleItem s_item = new(1001, 10, 2, 1999, "EUR");

    // Two orders of one user and one of another hold four units; one order is cancelled, so its unit is for sale again.
    private static readonly OrderRow[] s_orders =
        [Row("a", 1, 1, "placed"), Row("b", 1, 1, "paid"), Row("c", 2, 2, "placed"), Row("d", 3, 1, "cancelled")];

    private static readonly ItemStock s_stock = new(
        6, 10, 4, new Dictionary<long, long> { [1] = 2, [2] = 2 },
        new Dictionary<string, Hold> { ["a"] = new(1, 1), ["b"] = new(1, 1), ["c"] = new(2, 2) }, []);

    private static readonly LedgerItem s_ledger = new(1001, 10, 6, 0, 3, 1, 1, 0, true);

    private static readonly ItemState s_right = new(s_item, s_orders, s_stock, new LedgerRow(1001, 10, 4), s_ledger);

    public static TheoryData<string, ViolationKind, ItemState> Wrong => new()
    {
        { "a unit is gone", ViolationKind.Unbalanced, s_right with { Stock = s_stock with { Available = 5 } } },
        { "a unit was given back twice", ViolationKind.Unbalanced, s_right with { Stock = s_stock with { Available = 7 } } },
        { "Redis has other stock", ViolationKind.Unbalanced, s_right with { Stock = s_stock with { Allocated = 11 } } },
        { "a held unit is not counted", ViolationKind.Unbalanced, s_right with { Stock = s_stock with { Held = 3 } } },
        { "an order waits in the outbox", ViolationKind.Unbalanced, s_right with { Stock = s_stock with { Outbox = ["a"] } } },
        {
            "a hold is missing", ViolationKind.Unbalanced,
            s_right with { Stock = s_stock with { Holds = Holds(("b", 1, 1), ("c", 2, 2)) } }
        },
        {
            "a hold is of another user", ViolationKind.Unbalanced,
            s_right with { Stock = s_stock with { Holds = Holds(("a", 9, 1), ("b", 1, 1), ("c", 2, 2)) } }
        },
        {
            "a buyer's units are not counted", ViolationKind.Unbalanced,
            s_right with { Stock = s_stock with { UnitsByUser = new Dictionary<long, long> { [1] = 2 } } }
        },
        { "an order has two rows", ViolationKind.Unbalanced, s_right with { Orders = [.. s_orders, Row("a", 1, 1, "placed")] } },
        { "there is no ledger row", ViolationKind.Unbalanced, s_right with { Row = null } },
        { "the ledger row counts otherwise", ViolationKind.Unbalanced, s_right with { Row = new LedgerRow(1001, 10, 5) } },
        { "the ledger row has other stock", ViolationKind.Unbalanced, s_right with { Row = new LedgerRow(1001, 9, 4) } },
        { "the ledger misses a payment", ViolationKind.Unbalanced, s_right with { Ledger = s_ledger with { Placed = 4, Paid = 0 } } },
        { "the ledger misses a return", ViolationKind.Unbalanced, s_right with { Ledger = s_ledger with { Returned = 0 } } },
        { "the ledger does not add up", ViolationKind.Unbalanced, s_right with { Ledger = s_ledger with { Reserved = 1 } } },
        { "the ledger is not balanced", ViolationKind.Unbalanced, s_right with { Ledger = s_ledger with { Balanced = false } } },
        { "more is live than allocated", ViolationKind.Oversold, s_right with { Item = s_item with { Allocated = 3 } } },
        { "a buyer has too many units", ViolationKind.LimitExceeded, s_right with { Item = s_item with { LimitPerUser = 1 } } },
    };

    [Fact]
    public void A_right_item_has_no_violation() => Assert.Empty(StockAudit.Check(s_right, promisedUnits: 4));

    [Theory]
    [MemberData(nameof(Wrong))]
    public void Each_disagreement_is_a_violation(string what, ViolationKind kind, ItemState state) =>
        Assert.True(StockAudit.Check(state).Any(violation => violation.Kind == kind), what);

    [Fact]
    public void More_promised_than_allocated_is_oversold() =>
        Assert.Equal(2, StockAudit.Check(s_right, promisedUnits: 12).Single().Amount);

    private static OrderRow Row(string id, long user, int quantity, string status) => new(id, 1001, user, quantity, status, 1999, "EUR");

    private static Dictionary<string, Hold> Holds(params (string Order, long User, long Units)[] holds) =>
        holds.ToDictionary(hold => hold.Order, hold => new Hold(hold.User, hold.Units));
}
