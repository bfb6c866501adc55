using Seckill.Chaos;
using Seckill.Chaos.Invariants;
using Seckill.Tests.Harness.Checks;

namespace Seckill.System.Tests.Chaos;

/// <summary>
/// Promise: a run in which somebody was overtaken, shared a place or ordered without a turn is noticed. Each invariant is shown a small
/// history that breaks it, beside one that breaks nothing.
/// </summary>
public sealed class QueueInvariantTests
{
    // Two buyers: the first orders at once, the second waits and orders later.
    private static readonly Evidence s_good = new()
    {
        Operations = [Click(1, "a", 100, "pass-1"), Click(2, "b", 9_000, "pass-2")],
        Looks =
        [
            Look(1, 1, 50, "admitted", "pass-1"), Look(2, 2, 50, "waiting"), Look(2, 2, 8_000, "admitted", "pass-2"),
            Look(3, null, 60, "ended"), Look(4, null, 70, "not-registered") with { Status = 404 },
        ],
        LimitPerUser = 2,
        Units = 10,
        Books = new Dictionary<long, Books>(),
    };

    [Fact]
    public void A_history_that_breaks_nothing_is_called_good() =>
        Assert.All(QueueInvariants.All, invariant => Assert.Empty(invariant.Violations(s_good)));

    [Fact]
    public void An_undocumented_answer_is_noticed() =>
        Broken("queue answers", s_good with { Looks = [.. s_good.Looks, Look(5, null, 90, "internal-error") with { Status = 500 }] });

    [Fact]
    public void One_place_of_two_buyers_is_noticed_unless_Redis_lost_data_between()
    {
        var twice = s_good with { Looks = [.. s_good.Looks, Look(5, 2, 9_500, "waiting")] };
        Broken("places", twice);
        Assert.Empty(Find("places").Violations(twice with { Losses = [3_000] }));
    }

    [Fact]
    public void An_order_without_a_pass_is_noticed()
    {
        Broken("turns", s_good with { Operations = [.. s_good.Operations, Click(5, "c", 9_500, null)] });
        Assert.Empty(Find("turns").Violations(s_good with { Looks = [], Operations = [Click(5, "c", 9_500, null)] }));
    }

    [Fact]
    public void Two_orders_in_one_turn_are_noticed_and_two_in_two_turns_are_not()
    {
        var twice = s_good with { Operations = [.. s_good.Operations, Click(1, "c", 300, "pass-1")] };
        Broken("turns", twice);
        Assert.Empty(Find("turns").Violations(twice with { Looks = [.. twice.Looks, Look(1, 9, 250, "admitted", "pass-9")] }));
    }

    [Theory]
    [InlineData(7_000, true)]
    [InlineData(5_000, false)]
    public void Who_waits_while_a_worse_place_is_in_was_overtaken(double at, bool isNoticed)
    {
        var evidence = s_good with { Looks = [.. s_good.Looks, Look(7, 5, 500, "admitted", "pass-7"), Look(2, 2, at, "waiting")] };
        Assert.Equal(isNoticed, Find("overtaken").Violations(evidence).Any());
    }

    private static void Broken(string invariant, Evidence evidence) => Assert.NotEmpty(Find(invariant).Violations(evidence));

    private static Invariant Find(string name) => QueueInvariants.All.Single(invariant => invariant.Name == name);

    private static QueueLook Look(long user, int? position, double at, string said, string? pass = null) =>
        new("api-1", user, at, at + 10, 202, said, null, position, pass);

    private static Operation Click(long user, string order, double at, string? pass) =>
        new(0, Act.Order, "api-1", user, 7, 1, null, order, at, at + 10, 202, null, []) { Pass = pass };
}
