using System.Diagnostics;
using Seckill.LoadTests.Client;
using Seckill.LoadTests.Engine;
using Seckill.LoadTests.Load;
using Seckill.LoadTests.Results;

namespace Seckill.LoadTests.Tests;

/// <summary>
/// The verdict over a waiting room, from what its buyers saw. Broken by a rule that an unfair room passes, or that fails a fair one because
/// two instances know a moment of it at different times.
/// </summary>
public sealed class QueueAuditTests
{
    private static readonly ShopAnswer s_accepted = new(Outcome.Accepted, "order");
    private readonly QueueLog _log = new();

    [Fact]
    public void A_fair_room_passes()
    {
        for (var position = 1; position <= 20; position++)
        {
            Wait(position, position, at: 0);
            Admit(position, position, at: position);
            _log.Ordered(position, s_accepted);
        }

        // Within what two instances may differ.
        Wait(21, 21, at: 21);
        Admit(22, 22, at: 20);
        _log.Cheated(1, new ShopAnswer(Outcome.Refusal(RefusalCode.PassUsed), null));
        Assert.Empty(Wrong());
    }

    [Fact]
    public void A_buyer_who_waits_while_a_worse_position_is_admitted_was_overtaken()
    {
        Wait(1, 1, at: 10);
        Admit(2, 2, at: 5);
        Assert.Equal(["Overtaken"], Wrong());
    }

    [Fact]
    public void Nobody_is_overtaken_by_those_in_front()
    {
        Admit(1, 1, at: 1);
        Wait(2, 2, at: 100);
        Assert.Empty(Wrong());
    }

    [Fact]
    public void Two_buyers_with_one_position_and_a_position_that_changes_are_found()
    {
        Wait(1, 7, at: 0);
        Wait(2, 7, at: 0);
        Wait(3, 8, at: 0);
        Wait(3, 9, at: 1);
        Assert.Equal(["Positions of two", "Positions that changed"], Wrong());
    }

    [Fact]
    public void A_pass_that_is_accepted_again_is_found()
    {
        Admit(1, 1, at: 0);
        _log.Cheated(1, s_accepted);
        Assert.Equal(["Passes accepted again"], Wrong());
    }

    [Fact]
    public void Some_may_come_in_vain_and_not_many()
    {
        for (var position = 1; position <= 100; position++)
        {
            Admit(position, position, at: 0);
            _log.Ordered(position, position > 95 ? new ShopAnswer(Outcome.Refusal(RefusalCode.SoldOut), null) : s_accepted);
        }

        Assert.Empty(Wrong());
        _log.Ordered(1, new ShopAnswer(Outcome.Refusal(RefusalCode.SoldOut), null));
        Assert.Equal(["Came in vain"], Wrong());
    }

    [Fact]
    public void Who_waits_after_the_last_unit_waits_for_nothing()
    {
        Admit(1, 1, at: 0);
        _log.Ordered(1, s_accepted);
        Wait(2, 2, at: Stopwatch.GetElapsedTime(0).TotalSeconds + 5);
        Assert.Equal(["Waited for nothing"], Wrong());
        // While units are left there is something to wait for.
        Assert.Empty(Wrong(unsold: 1));
    }

    private void Wait(long user, int position, double at) => Add(user, "waiting", position, at);

    private void Admit(long user, int position, double at) => Add(user, "admitted", position, at);

    // A second after zero: a time of 0 is none.
    private void Add(long user, string state, int position, double at)
    {
        var time = (long)((at + 1) * Stopwatch.Frequency);
        _log.Add(user, new QueueAnswer(state, null, position, 1, null, null), time, time);
    }

    private IEnumerable<string> Wrong(long unsold = 0) =>
        QueueAudit.Check(_log, unsold).Rows.Where(row => row.Verdict == RowVerdict.Wrong).Select(row => row.Name);
}
