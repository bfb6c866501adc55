using Microsoft.Extensions.Time.Testing;
using Seckill.OrderService.WaitingRoom;
using Seckill.Shared.WaitingRoom;

namespace Seckill.OrderService.Tests.WaitingRoom;

/// <summary>
/// Promise: what a buyer is told follows from the last reading alone, without a store, and a pass never outlives its place, however old
/// the reading is. Broken by a clock that runs while the room's does not, or the other way round.
/// </summary>
public sealed class RoomViewTests
{
    private static readonly DateTimeOffset s_now = DateTimeOffset.FromUnixTimeSeconds(1_800_000_000);
    private readonly FakeTimeProvider _clock = new(s_now);
    private readonly RoomView _view;
    private readonly List<RoomStep> _steps = [];

    public RoomViewTests() => _view = new RoomView(1, "c0ffee", _clock);

    [Fact]
    public void A_pass_ends_with_its_place_also_when_the_reading_is_old()
    {
        Read(Drawn() with { Served = 3, Clock = 4_000, TickAt = s_now }, new RoomStep(1, 0, 100), new RoomStep(3, 3_000, 200));
        Assert.Equal((6.0, 9.0, 9.0), (Left(0), Left(1), Left(2)));
        Assert.Equal((100L, 200L), (_view.Describe(0).TurnBegan, _view.Describe(2).TurnBegan));
        _clock.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal((1.0, 4.0), (Left(0), Left(1)));
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(QueueTurn.TurnMissed, _view.Describe(0).Turn);
        Assert.Equal(QueueTurn.Admitted, _view.Describe(1).Turn);
    }

    [Fact]
    public void While_the_room_is_paused_a_pass_keeps_its_time()
    {
        Read(Drawn() with { Served = 3, Clock = 4_000, TickAt = s_now, Mode = RoomMode.Paused }, new RoomStep(3, 3_000, 200));
        _clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(9.0, Left(2));
    }

    [Fact]
    public void The_estimate_follows_the_speed_of_the_queue_and_is_missing_while_it_stands_still()
    {
        Read(Drawn() with { Served = 20, Clock = 10_000, TickAt = s_now, Places = 100 },
            [.. Enumerable.Range(1, 10).Select(second => new RoomStep(2 * second, second * 1_000, 1))]);
        var place = _view.Describe(59);
        Assert.Equal((QueueTurn.Waiting, 39), (place.Turn, place.Ahead));
        Assert.InRange(place.Eta!.Value.TotalSeconds, 15, 25);
        Assert.InRange(place.PollAfterSeconds, 1, 30);
        // Nobody has come in for more than half a minute.
        Read(Drawn() with { Served = 20, Clock = 60_000, TickAt = s_now, Places = 100 });
        Assert.Null(_view.Describe(59).Eta);
    }

    [Theory]
    [InlineData(0, false, "SoldOut")]
    [InlineData(5, true, "SaleClosed")]
    [InlineData(-1, false, "Waiting")]
    public void The_stock_decides_what_those_who_wait_are_told(int units, bool isClosed, string turn)
    {
        Read(Drawn() with { Units = units, IsClosed = isClosed });
        Assert.Equal(turn, _view.Describe(50).Turn.ToString());
    }

    [Fact]
    public void Who_was_drawn_stands_before_who_came_later()
    {
        Read(Drawn() with { Seed = new string('5', 64), Sealed = 60, Places = 100 });
        Assert.Equal(Enumerable.Range(0, 60), Enumerable.Range(0, 60).Select(_view.PositionOf).Order());
        Assert.Equal(Enumerable.Range(60, 40), Enumerable.Range(60, 40).Select(_view.PositionOf));
    }

    // Broken by a number that is believed without its step, of which the time of the turn is known.
    [Fact]
    public void Who_is_admitted_in_no_step_waits_until_there_is_one()
    {
        Read(Drawn() with { Served = 3, Places = 10 });
        Assert.Equal((QueueTurn.Waiting, 1), (_view.Describe(0).Turn, _view.Describe(0).PollAfterSeconds));
        Read(Drawn() with { Served = 5, Places = 10, TickAt = s_now }, new RoomStep(3, 0, 100));
        Assert.Equal((QueueTurn.Admitted, QueueTurn.Waiting), (_view.Describe(2).Turn, _view.Describe(4).Turn));
    }

    // Broken by a look that counts and does not compare: the end of a room may be lost, and be as long again before the next look.
    [Fact]
    public void A_reading_that_does_not_continue_what_is_known_contradicts_it()
    {
        Read(Drawn() with { Places = 40, Served = 2 }, new RoomStep(2, 0, 100));
        Assert.False(_view.IsContradictedBy(Look(Drawn() with { Places = 41 }), _clock.GetTimestamp()));
        Assert.True(_view.IsContradictedBy(Look(Drawn() with { Places = 39 }), _clock.GetTimestamp()));
        var other = Look(Drawn() with { Places = 41 });
        Assert.True(_view.IsContradictedBy(other with { Users = [.. other.Users.SkipLast(2), 7_000, 7_001] }, _clock.GetTimestamp()));
        Assert.True(_view.IsContradictedBy(other with { NewSteps = [new RoomStep(1, 0, 100)] }, _clock.GetTimestamp()));
    }

    // Broken by a place that was answered and is in no list: another buyer gets it.
    [Fact]
    public void A_place_that_was_learned_from_an_answer_must_be_in_the_next_reading()
    {
        Read(Drawn() with { Places = 40 });
        var before = _clock.GetTimestamp();
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        _view.Learn(userId: 7_000, place: 40);
        // Asked for before the place was given.
        Assert.False(_view.IsContradictedBy(Look(Drawn() with { Places = 40 }), before));
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        var another = Look(Drawn() with { Places = 41 });
        Assert.True(_view.IsContradictedBy(another, _clock.GetTimestamp()));
        _view.Learn(7_000, 40);
        Assert.False(_view.IsContradictedBy(another with { Users = [.. another.Users.SkipLast(1), 7_000] }, _clock.GetTimestamp()));
        _view.Learn(7_001, 41);
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.True(_view.IsContradictedBy(another with { Users = [.. another.Users.SkipLast(1), 7_000] }, _clock.GetTimestamp()));
    }

    // Broken by rounds that stay as slow as at other times, or as quick for ever: a beacon may never come.
    [Theory]
    [InlineData(-400, false)]
    [InlineData(-300, true)]
    [InlineData(0, true)]
    [InlineData(4_000, true)]
    [InlineData(6_000, false)]
    public void Rounds_are_quick_from_shortly_before_a_draw_until_it_is_done(int millisecondsAfter, bool expected)
    {
        var before = TimeSpan.FromMilliseconds(350);
        Read(Drawn() with { Seed = null, Now = s_now.AddSeconds(-60) });
        _clock.Advance(TimeSpan.FromMilliseconds(60_000 + millisecondsAfter));
        Assert.Equal(expected, _view.IsDrawing(before));
        Read(Drawn() with { Now = s_now.AddMilliseconds(millisecondsAfter) });
        Assert.False(_view.IsDrawing(before));
        Read(Drawn() with { Seed = null, IsClosed = true, Now = s_now.AddMilliseconds(millisecondsAfter) });
        Assert.False(_view.IsDrawing(before));
    }

    // Broken by the leaf of another place, where the places became known one reading after the other.
    [Fact]
    public void The_leaves_of_a_draw_are_those_of_its_places_in_however_many_readings_they_came()
    {
        const int Drawn = 10_000;
        foreach (var places in (int[])[3, 3, 5_000, Drawn, Drawn + 1])
        {
            Read(RoomViewTests.Drawn() with { Places = places, Sealed = Drawn });
            _view.HashPlaces();
        }

        Assert.Equal(
            Enumerable.Range(0, Drawn).Select(place => QueueSeed.Leaf(1, place, place + 1, QueueSeed.Blind([], place + 1))),
            Enumerable.Range(0, Drawn).Select(_view.Tree!.Leaf));
        Assert.Equal(Drawn, _view.Tree!.Count);
    }

    private double Left(int place) => _view.Describe(place).PassLeft.TotalSeconds;

    private static RoomState Drawn() => new()
    {
        Now = s_now, Commitment = "c0ffee", Secret = "00", BlindKey = [], OpensAt = s_now, DrawsAt = s_now, AdmitPerSecond = 10,
        PassMilliseconds = 10_000, Sealed = 0, Seed = new string('0', 64), Units = 50,
    };

    private void Read(RoomState state, params RoomStep[] steps)
    {
        _steps.AddRange(steps);
        var look = Look(state);
        Assert.False(_view.IsContradictedBy(look, _clock.GetTimestamp()));
        Assert.True(_view.Take(look, _clock.GetTimestamp()));
    }

    // The user of a place is its number, and one.
    private RoomLook Look(RoomState state) => new(
        state, [.. Enumerable.Range(_view.FirstPlace, state.Places - _view.FirstPlace).Select(user => (long)user + 1)],
        _steps.Count, [.. _steps.Skip(_view.FirstStep)]);
}
