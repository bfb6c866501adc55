using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Seckill.InventoryService.Audit;
using Seckill.Shared.Stock;

namespace Seckill.InventoryService.Tests.Audit;

/// <summary>
/// Promise: each item is audited order by order when it is due: soon if it moves, rarely if it does not, and never later because another
/// item is large. Broken by a due time that moves on while nothing is audited, which would also hide that nothing is.
/// </summary>
/// <remarks>After the service that other tests share has ended: its metrics would have these findings, too.</remarks>
[Collection(AllOrders.Name)]
public sealed class AuditScheduleTests : IDisposable
{
    private readonly FakeTimeProvider _clock = new();
    private readonly AuditSchedule _schedule;

    public AuditScheduleTests() =>
        _schedule = new AuditSchedule(Options.Create(new AuditorOptions { IntervalMilliseconds = 2_000 }), _clock);

    public void Dispose() => _schedule.Dispose();

    [Fact]
    public void A_new_item_is_due_at_once_and_one_auditor_gets_it()
    {
        Assert.Null(_schedule.TakeDue());
        See(1);
        Assert.Equal(1, Take());
        Assert.Null(Take());
    }

    [Theory]
    [InlineData(0.1, 2)]
    [InlineData(90, 270)]
    public void An_item_that_moves_is_due_after_three_times_its_audit(double took, double pause)
    {
        See(1);
        Audit(took);
        See(1, held: 1);
        Advance(pause - 0.1);
        See(1, held: 2);
        Assert.Null(Take());
        Advance(0.1);
        Assert.Equal(1, Take());
    }

    [Fact]
    public void An_item_that_does_not_move_rests_twice_as_long_each_time_until_it_moves()
    {
        See(1);
        Audit(0.1);
        foreach (var pause in new[] { 2, 4, 8, 16, 32, 48, 48 })
        {
            Advance(pause - 0.1);
            See(1);
            Assert.Null(Take());
            Advance(0.1);
            Audit(0.1);
        }

        Advance(10);
        See(1, held: 1);
        // Since the movement, and not since its last audit.
        Assert.Equal(0, _schedule.OverdueSeconds);
        Assert.Equal(1, Take());
    }

    [Fact]
    public void An_item_with_findings_does_not_rest()
    {
        See(1);
        for (var i = 0; i < 3; i++)
        {
            Audit(0.1, isBroken: true);
            Advance(2);
        }

        Assert.Equal(1, Take());
    }

    [Fact]
    public void While_a_large_item_is_audited_the_others_are_due_as_always()
    {
        See(2);
        Assert.Equal(1, Take());
        Advance(60);
        Assert.Equal(2, Take());
        _schedule.Return(new ItemKey(1, 2), TimeSpan.FromSeconds(0.1), false);
        Advance(2);
        Assert.Equal(2, Take());
    }

    [Fact]
    public void An_audit_that_fails_is_tried_again_and_the_item_stays_overdue()
    {
        See(1);
        Assert.Equal(1, Take());
        Advance(30);
        _schedule.Return(new ItemKey(1, 1), TimeSpan.FromSeconds(0.1), null);
        See(1, held: 1);
        Assert.Null(Take());
        Advance(2);
        Assert.Equal(32, _schedule.OverdueSeconds);
        Audit(1);
        Assert.Equal(0, _schedule.OverdueSeconds);
    }

    [Fact]
    public void An_item_that_moves_all_the_time_is_more_overdue_all_the_time()
    {
        See(1);
        Audit(0.1);
        for (var second = 1; second <= 20; second++)
        {
            Advance(1);
            See(1, held: second);
        }

        Assert.Equal(18, _schedule.OverdueSeconds);
    }

    [Fact]
    public void An_item_that_is_gone_is_not_audited()
    {
        See(1);
        _schedule.Update([], []);
        Assert.Null(Take());
        Assert.Equal(0, _schedule.OverdueSeconds);
    }

    // An audit of the only due item.
    private void Audit(double took, bool isBroken = false)
    {
        Assert.Equal(1, Take());
        _schedule.Return(new ItemKey(1, 1), TimeSpan.FromSeconds(took), isBroken);
    }

    private long? Take() => _schedule.TakeDue()?.SkuId;

    private void Advance(double seconds) => _clock.Advance(TimeSpan.FromSeconds(seconds));

    private void See(int items, int held = 0)
    {
        AuditedItem[] all =
        [
            .. Enumerable.Range(1, items).Select(sku => new AuditedItem(
                1, sku, sku, 100, 2, 1, "EUR", 0, 0, 1, null, "Test", default, default, 900, "open", 0, 0, 0)),
        ];
        _schedule.Update(all, [.. all.Select(item => new ItemLook(
            new ItemTotals(1, item.SkuId, true, 1, 100, held, 0, 0, 0, 0, 0, 0, 0), null, [], true))]);
    }
}
