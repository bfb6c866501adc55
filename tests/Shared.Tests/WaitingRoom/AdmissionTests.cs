using Seckill.Shared.WaitingRoom;
using StackExchange.Redis;

namespace Seckill.Shared.Tests.WaitingRoom;

/// <summary>
/// Promise: the queue moves at its rate, never further than the units for sale suffice, and never stands still while something is for sale
/// and somebody waits. Broken by a pass that is waited for and never expires, an estimate that rounds to nobody, a clock that is set back.
/// </summary>
public sealed class AdmissionTests
{
    private readonly RoomWorld _room = new();

    [Fact]
    public async Task At_most_the_rate_comes_in_each_second_however_often_it_is_called()
    {
        await OpenAsync(rate: 10, buyers: 100);
        await _room.AdmitAsync(1_000);
        for (var call = 0; call < 20; call++)
        {
            await _room.PassAsync(100);
            await _room.AdmitAsync(1_000);
        }

        Assert.InRange((await _room.AdmitAsync(1_000)).Served, 20, 30);
    }

    [Fact]
    public async Task No_more_come_in_than_there_are_units()
    {
        await OpenAsync(rate: 50, buyers: 100);
        Assert.Equal((7, 7), Admitted(await _room.AdmitAsync(7)));
        await _room.PassAsync(1_000);
        Assert.Equal((0, 7), Admitted(await _room.AdmitAsync(7)));
    }

    [Fact]
    public async Task Who_has_ordered_is_waited_for_no_longer()
    {
        await OpenAsync(rate: 50, buyers: 100);
        await _room.AdmitAsync(7);
        await _room.PassAsync(1_000);
        Assert.Equal((0, 7), Admitted(await _room.AdmitAsync(4, taken: 3, used: [0, 1, 2])));
        // Two units came back.
        await _room.PassAsync(1_000);
        Assert.Equal((2, 9), Admitted(await _room.AdmitAsync(6, taken: 3, used: [0, 1, 2, 2])));
    }

    // Broken by passes that never expire, because no step says when they began: the queue stands still.
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_room_whose_steps_were_lost_gives_their_turn_again_and_goes_on(int left)
    {
        await OpenAsync(rate: 2, buyers: 100, passSeconds: 5);
        await _room.AdmitAsync(6);
        for (var second = 0; second < 2; second++)
        {
            await _room.PassAsync(1_000);
            await _room.AdmitAsync(6);
        }

        while (await Servers.Database.ListLengthAsync(_room.Keys.Steps) > left)
        {
            await Servers.Database.ListRightPopAsync(_room.Keys.Steps);
        }

        await _room.PassAsync(1_000);
        Assert.Equal((0, 6), Admitted(await _room.AdmitAsync(6)));
        Assert.StartsWith("6 ", await Servers.Database.ListGetByIndexAsync(_room.Keys.Steps, -1), StringComparison.Ordinal);
        for (var second = 0; second < 6; second++)
        {
            await _room.PassAsync(1_000);
            await _room.AdmitAsync(6);
        }

        Assert.True((await _room.AdmitAsync(6)).Expired >= 6);
        Assert.True((await _room.AdmitAsync(6)).Served > 6);
    }

    [Fact]
    public async Task A_pass_that_nobody_uses_frees_its_place_when_it_expires()
    {
        await OpenAsync(rate: 50, buyers: 100, passSeconds: 5);
        await _room.AdmitAsync(3);
        for (var second = 0; second < 4; second++)
        {
            await _room.PassAsync(1_000);
            Assert.Equal((0, 3), Admitted(await _room.AdmitAsync(3)));
        }

        await _room.PassAsync(1_000);
        var (more, _, expired, _) = await _room.AdmitAsync(3);
        Assert.Equal(3, expired);
        Assert.True(more >= 3);
    }

    [Fact]
    public async Task When_few_come_more_are_asked_in()
    {
        await OpenAsync(rate: 1_000, buyers: 5_000, passSeconds: 5);
        var most = 0;
        for (var second = 0; second < 60; second++)
        {
            await _room.PassAsync(1_000);
            most = Math.Max(most, (await _room.AdmitAsync(100)).Out);
        }

        // Nobody has ever come: more than the units are invited, and not all who wait.
        Assert.InRange(most, 200, 1_000);
    }

    [Theory]
    [InlineData("paused")]
    [InlineData("off")]
    public async Task Nobody_comes_in_while_it_is_paused_or_off_and_no_pass_expires(string mode)
    {
        await OpenAsync(rate: 2, buyers: 100, passSeconds: 5);
        await _room.AdmitAsync(50);
        await Servers.Database.HashSetAsync(_room.Keys.Room, "mode", mode);
        for (var second = 0; second < 20; second++)
        {
            await _room.PassAsync(1_000);
            Assert.Equal((0, 2, 0, 2), await _room.AdmitAsync(50));
        }

        await Servers.Database.HashSetAsync(_room.Keys.Room, "mode", "open");
        await _room.PassAsync(1_000);
        Assert.Equal((3, 5, 0, 5), await _room.AdmitAsync(50));
    }

    [Fact]
    public async Task While_nothing_is_for_sale_no_pass_loses_time()
    {
        await OpenAsync(rate: 2, buyers: 100, passSeconds: 5);
        await _room.AdmitAsync(50);
        await _room.PassAsync(1_000);
        for (var second = 0; second < 20; second++)
        {
            await _room.AdmitAsync(0);
            await _room.PassAsync(1_000);
        }

        Assert.Equal(0, (await _room.AdmitAsync(1)).Expired);
    }

    [Fact]
    public async Task The_last_unit_is_offered_also_when_buyers_took_several_each()
    {
        await OpenAsync(rate: 20, buyers: 100);
        await _room.AdmitAsync(80);
        await _room.PassAsync(1_000);
        Assert.Equal(0, (await _room.AdmitAsync(0, taken: 80, used: [.. Enumerable.Range(0, 20)])).Out);
        await _room.PassAsync(1_000);
        Assert.Equal((1, 21), Admitted(await _room.AdmitAsync(1, taken: 80)));
        // And no more, while this one may come.
        await _room.PassAsync(1_000);
        Assert.Equal((0, 21), Admitted(await _room.AdmitAsync(1, taken: 80)));
    }

    [Fact]
    public async Task A_pass_that_is_reported_as_used_again_counts_once()
    {
        await OpenAsync(rate: 20, buyers: 100);
        await _room.AdmitAsync(80);
        for (var call = 0; call < 5; call++)
        {
            await _room.AdmitAsync(79, taken: 1, used: [3, 3]);
        }

        Assert.Equal(1, (int)await Servers.Database.HashGetAsync(_room.Keys.Room, "buyers"));
        Assert.Equal(19, (int)await Servers.Database.HashGetAsync(_room.Keys.Room, "out"));
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(-1, false)]
    [InlineData(50, true)]
    public async Task Nobody_comes_in_when_nothing_is_for_sale_or_nobody_knows(int units, bool isOver)
    {
        await OpenAsync(rate: 10, buyers: 100);
        Assert.Equal(0, (await _room.AdmitAsync(units, isOver: isOver)).More);
    }

    [Fact]
    public async Task A_caller_who_read_the_stock_earlier_overwrites_nothing()
    {
        await OpenAsync(rate: 10, buyers: 100);
        await _room.AdmitAsync(0);
        await _room.AdmitAsync(5, readAt: _room.Now - 100);
        Assert.Equal(0, (int)await Servers.Database.HashGetAsync(_room.Keys.Room, "units"));
        // So much earlier is a clock that was set back.
        await _room.AdmitAsync(5, readAt: _room.Now - 60_000);
        Assert.Equal(5, (int)await Servers.Database.HashGetAsync(_room.Keys.Room, "units"));
    }

    [Fact]
    public async Task A_clock_that_is_set_back_stops_nothing()
    {
        await OpenAsync(rate: 1, buyers: 100, passSeconds: 5);
        await _room.AdmitAsync(50);
        await _room.PassAsync(-500_000);
        Assert.Equal((1, 2), Admitted(await _room.AdmitAsync(50)));
        await _room.PassAsync(1_000);
        Assert.Equal((1, 3), Admitted(await _room.AdmitAsync(50)));
    }

    [Fact]
    public async Task A_buyer_gets_one_place_and_a_new_one_only_for_one_that_is_given_up()
    {
        await _room.OpenAsync(1, 5);
        Assert.Equal([0, 1, 0], await _room.RegisterAsync(Buyer(7), Buyer(8), Buyer(7)));
        Assert.Equal([0, -1], await _room.RegisterAsync(Buyer(7), Buyer(9, RoomRegistration.OnlyLooks)));
        // Twice, as after a timeout: the second call finds the place of the first.
        Assert.Equal([2], await _room.RegisterAsync(Buyer(7, givesUp: 0)));
        Assert.Equal([2, 2], await _room.RegisterAsync(Buyer(7, givesUp: 0), Buyer(7)));
    }

    [Fact]
    public async Task A_group_gets_so_many_places_in_one_call_or_in_several()
    {
        await _room.OpenAsync(1, 5);
        Assert.Equal([0, 1, -4, 2], await _room.RegisterAsync(Buyer(1, group: "a"), Buyer(2, group: "a"), Buyer(3, group: "a"), Buyer(4)));
        Assert.Equal([-4, 0, 3], await _room.RegisterAsync(Buyer(3, group: "a"), Buyer(1, group: "a"), Buyer(5, group: "b")));
        // A new place for an old one is no further place.
        Assert.Equal([4], await _room.RegisterAsync(Buyer(1, givesUp: 0, group: "a")));
    }

    [Fact]
    public async Task Who_registers_at_the_draw_or_later_is_not_among_the_participants()
    {
        await _room.OpenAsync(1, 5, isDrawn: false);
        await _room.RegisterAsync(Buyer(1), Buyer(2));
        await _room.PassAsync(999);
        await _room.RegisterAsync(Buyer(3));
        await _room.PassAsync(1);
        Assert.Equal([3], await _room.RegisterAsync(Buyer(4)));
        Assert.Equal(3, (int)await Servers.Database.HashGetAsync(_room.Keys.Room, "sealed"));
    }

    [Fact]
    public async Task Nobody_registers_in_a_room_that_is_drained_or_over()
    {
        await OpenAsync(rate: 1, buyers: 1);
        await Servers.Database.HashSetAsync(_room.Keys.Room, "mode", "draining");
        Assert.Equal([-3, 0], await _room.RegisterAsync(Buyer(7), Buyer(100)));
        await Servers.Database.HashSetAsync(_room.Keys.Room, "mode", "open");
        await _room.AdmitAsync(5, isOver: true);
        Assert.Equal([-3, 0], await _room.RegisterAsync(Buyer(7), Buyer(100)));
        await _room.AdmitAsync(5);
        Assert.Equal([1], await _room.RegisterAsync(Buyer(7)));
    }

    private static RoomRegistration Buyer(long user, int givesUp = RoomRegistration.Keeps, string group = "") => new(user, givesUp, group);

    private static (int More, int Served) Admitted((int More, int Served, int Expired, int Out) reply) => (reply.More, reply.Served);

    private async Task OpenAsync(int rate, int buyers, int passSeconds = 100)
    {
        await _room.OpenAsync(rate, passSeconds);
        await _room.PassAsync(1_000);
        foreach (var some in Enumerable.Range(100, buyers).Chunk(500))
        {
            await _room.RegisterAsync([.. some.Select(user => Buyer(user))]);
        }
    }
}
