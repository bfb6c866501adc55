using Seckill.InventoryService.Dashboard;

namespace Seckill.InventoryService.Tests.Dashboard;

/// <summary>
/// What the dashboard says of the legacy database. Broken by an open breaker that is called an outage, and by orders that wait for a
/// backfill and are called different.
/// </summary>
public sealed class LegacyPictureTests : Looks
{
    [Fact]
    public void An_open_breaker_is_called_so_with_its_cause()
    {
        var facts = Facts();
        var dual = facts.Orders!.DualWrite with { Mode = "dual", Breaker = "open", BreakerCause = "3 of the last 3 calls failed" };
        var open = Look(facts with { Orders = facts.Orders with { DualWrite = dual with { Pending = 1 } } });
        Assert.Equal(["legacy"], Red(open));
        Assert.Equal(
            ("The breaker of the legacy database is open.", "3 of the last 3 calls failed. 1 change waits; sales continue."),
            (open.Verdict.Headline, open.Verdict.Detail));
        var unknown = Look(facts with { Orders = facts.Orders with { DualWrite = dual with { BreakerCause = null } } });
        Assert.Equal("Its cause is in the log. 0 changes wait; sales continue.", unknown.Verdict.Detail);
    }

    [Theory]
    [InlineData("shadow", 2, 0, "2 orders. Check the discrepancies, then repair.")]
    [InlineData("dual", 0, 1, "1 order. Check the discrepancies, then repair.")]
    [InlineData("dual", 1_500, 3, "1,503 orders. Check the discrepancies, then repair.")]
    public void Schemas_that_differ_are_an_incident_for_as_long_as_they_do(string mode, long mismatched, long missing, string detail)
    {
        var facts = Facts();
        var dual = facts.Orders!.DualWrite with { Mode = mode, Mismatched = mismatched, Missing = missing };
        var differ = facts with { Orders = facts.Orders with { DualWrite = dual } };
        var snapshot = Look(differ);
        Assert.Equal(["legacy"], Red(snapshot));
        Assert.Equal(("The two schemas differ.", detail), (snapshot.Verdict.Headline, snapshot.Verdict.Detail));
        var incident = Assert.Single(Look(facts).Incidents);
        Assert.Equal(("The two schemas agree again", (DateTimeOffset?)Now), (incident.Headline, incident.Ended));
    }

    [Theory]
    [InlineData("off")]
    [InlineData("retired")]
    public void Schemas_do_not_differ_while_only_one_is_written(string mode)
    {
        var facts = Facts();
        var dual = facts.Orders!.DualWrite with { Mode = mode, Mismatched = 2, Missing = 1 };
        var snapshot = Look(facts with { Orders = facts.Orders with { DualWrite = dual } });
        Assert.Empty(Red(snapshot));
        Assert.Empty(snapshot.Incidents);
    }

    // Broken by a page that asks for a repair of orders that no backfill has written yet.
    [Fact]
    public void Orders_from_before_the_dual_write_need_a_backfill_and_no_repair()
    {
        var facts = Facts();
        Snapshot Of(long missing, long older, bool isDue) => Look(facts with
        {
            Orders = facts.Orders! with
            {
                DualWrite = facts.Orders.DualWrite with { Missing = missing, Older = older, IsBackfillDue = isDue },
            },
        });
        var due = Of(1_565, 1_565, true);
        Assert.Equal(["legacy"], Red(due));
        Assert.Equal(
            ("Older orders have no legacy row.", "1,565 orders from before the dual write was switched on. Run the backfill."),
            (due.Verdict.Headline, due.Verdict.Detail));
        Assert.Empty(Red(Of(1_200, 1_200, false)));
        var both = Of(1_201, 1_200, false);
        Assert.Equal("1 order. Check the discrepancies, then repair.", both.Verdict.Detail);
    }
}
