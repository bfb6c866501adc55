using Seckill.InventoryService.WaitingRooms;
using Seckill.Shared.Stock;
using Seckill.Shared.WaitingRoom;
using StackExchange.Redis;

namespace Seckill.InventoryService.Tests.Dashboard;

/// <summary>
/// Promise: the card of a sale says how many wait in its room, and how fast they come in. Broken by a speed over one second, in which a
/// room admits many or none, and by an old number of a room that cannot be read.
/// </summary>
public sealed class RoomPictureTests : Looks
{
    [Fact]
    public void A_sale_shows_its_room_and_a_sale_without_one_does_not()
    {
        Assert.Null(Assert.Single(Look(Facts()).Sales).Room);
        var room = new WatchedRoom(new LiveRoom("admitting", 500, 100, 400, 7, 12.5, 60), RoomMode.Draining, 12.34);
        var shown = Assert.Single(Look(Facts() with { Rooms = new Dictionary<long, WatchedRoom> { [7] = room } }).Sales).Room!;
        Assert.Equal(("admitting", "draining", 500, 100, 400), (shown.Phase, shown.Mode, shown.Registered, shown.Waiting, shown.Admitted));
        Assert.Equal((12.3, 9.0, 12.5), (shown.PerSecond, shown.LeftSeconds, shown.NoShowPercent));
    }

    [Theory]
    [InlineData(100, 0)]
    [InlineData(0, 5)]
    public void There_is_no_estimate_while_the_queue_stands_still_or_is_empty(int waiting, double perSecond) =>
        Assert.Null(new WatchedRoom(new LiveRoom("admitting", 500, waiting, 400, 7, 0, 60), RoomMode.Open, perSecond).Left);

    [Fact]
    public async Task The_speed_is_measured_and_a_room_that_is_no_longer_in_use_is_forgotten()
    {
        var (rooms, sale) = (new RoomLedger(Servers.Redis), TestItem.NewId());
        RedisKey key = $"seckill:{{room:{sale}}}:room";
        await rooms.WarmAsync(new RoomPlan(
            sale, null, TimeProvider.System.GetUtcNow().AddHours(-1), 10, 600, 0, 0, null, null, RoomMode.Open, 1));
        using var watch = new RoomWatch(rooms, TimeProvider.System);
        await watch.ReadAsync();
        Assert.Equal(0, watch.Last[sale].PerSecond);
        await Servers.Database.HashSetAsync(key, "served", 50);
        await Eventually.IsTrueAsync("the speed is known", async () =>
        {
            await watch.ReadAsync();
            return watch.Last[sale].PerSecond > 0;
        });
        Assert.Equal(50, watch.Last[sale].Room.Served);
        await rooms.RestAsync(sale);
        await watch.ReadAsync();
        Assert.False(watch.Last.ContainsKey(sale));
    }
}
