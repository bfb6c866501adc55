using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Seckill.InventoryService.Audit;
using Seckill.Shared.Stock;

namespace Seckill.InventoryService.Tests.Audit;

/// <summary>
/// Promise: what one kind of audit has found stays until that kind no longer finds it. Broken by a full audit that began before the break
/// and ends after it, or by a round of looks that clears what only the orders show.
/// </summary>
/// <remarks>After the service that other tests share has ended: its metrics would have these findings, too.</remarks>
[Collection(AllOrders.Name)]
public sealed class AuditResultsTests : IDisposable
{
    private static readonly ItemKey s_item = new(1, 1001);
    private readonly AuditResults _results = new(new FakeTimeProvider(), NullLogger<AuditResults>.Instance);

    public void Dispose() => _results.Dispose();

    [Fact]
    public void A_full_audit_that_began_before_a_break_of_the_totals_does_not_clear_it()
    {
        Look(BreakKind.Counters);
        _results.EnterOrders(Audit());
        Assert.Equal([BreakKind.Counters], Kinds());
        _results.EnterOrders(Audit(BreakKind.Allocation, BreakKind.Buyer));
        Assert.Equal([BreakKind.Counters, BreakKind.Buyer], Kinds());
        Look();
        Assert.Equal([BreakKind.Buyer], Kinds());
        _results.EnterOrders(Audit());
        Assert.True(_results.IsBalanced(s_item));
    }

    [Fact]
    public void Orders_that_are_the_cause_replace_the_difference_of_the_totals()
    {
        Look(BreakKind.Conservation);
        _results.EnterOrders(Audit(BreakKind.MissingHold));
        Look(BreakKind.Conservation);
        Assert.Equal([BreakKind.MissingHold], Kinds());
        _results.EnterOrders(Audit());
        Look(BreakKind.Conservation);
        Assert.Equal([BreakKind.Conservation], Kinds());
    }

    [Fact]
    public void An_audit_on_demand_clears_all_that_it_has_looked_for()
    {
        Look(BreakKind.Counters, BreakKind.Conservation);
        _results.Enter(Audit());
        Assert.Equal([BreakKind.Conservation], Kinds());
        _results.Enter(Audit(BreakKind.Counters) with { IsConclusive = false });
        Assert.Equal([BreakKind.Conservation], Kinds());
    }

    [Fact]
    public void An_item_that_is_gone_is_not_broken()
    {
        Look(BreakKind.Counters);
        _results.EnterRound([s_item], []);
        Assert.Single(_results.Broken());
        _results.EnterRound([], []);
        Assert.Empty(_results.Broken());
    }

    // Was: a finding that only a call had entered stayed when the item came to rest before the next round, and nothing looked again.
    [Fact]
    public void An_item_that_is_at_rest_before_a_round_has_seen_it_is_not_broken()
    {
        _results.Enter(Audit(BreakKind.Counters));
        _results.EnterRound([], []);
        Assert.Empty(_results.Broken());
    }

    private static ItemAudit Audit(params BreakKind[] kinds) => new(s_item, true, [.. kinds.Select(Finding)]);

    private static AuditFinding Finding(BreakKind kind) => new(kind, null, null, 1, 2);

    private void Look(params BreakKind[] kinds) => _results.EnterRound(
        [s_item], [new ItemLook(new ItemTotals(1, 1001, true, 1, 10, 0, 0, 0, 0, 0, 0, 0, 0), null, [.. kinds.Select(Finding)], true)]);

    private IEnumerable<BreakKind> Kinds() => _results.Find(s_item)!.Findings.Select(finding => finding.Kind);
}
