using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Seckill.InventoryService.Sales;
using Seckill.InventoryService.WaitingRooms;
using Seckill.Shared.Stock;
using Seckill.Shared.WaitingRoom;

namespace Seckill.InventoryService.Tests.WaitingRooms;

/// <summary>
/// Promise: Redis gets the room that the operator asked for, also when the call dies between the two stores, when a call is late, and when
/// Redis has lost the room. Broken by a write without its version, and by a room that is only made once.
/// </summary>
public sealed class WaitingRoomTests(Administration administration)
{
    private readonly PlannedSale _sale = new(administration);

    [Fact]
    public async Task A_sale_is_created_with_a_room_of_defaults_and_opened_with_it()
    {
        var created = await CreateAsync("{}");
        var room = created.GetProperty("waitingRoom");
        Assert.Equal((500, 120, false, 0, 0, "open"), (
            room.GetProperty("admitPerSecond").GetInt32(), room.GetProperty("passSeconds").GetInt32(),
            room.GetProperty("failOpen").GetBoolean(), room.GetProperty("workBits").GetInt32(), room.GetProperty("groupLimit").GetInt32(),
            room.GetProperty("mode").GetString()));
        Assert.Equal(JsonValueKind.Null, (await ReadAsync()).GetProperty("live").ValueKind);
        await administration.DoesAsync("POST", _sale.Path + "/open");
        Assert.Equal(0, (await ReadAsync()).GetProperty("live").GetProperty("registered").GetInt32());
        Assert.Equal(RoomPolicy.FailClosed, (await TestItem.Ledger.InspectAsync(_sale.Keys))!.Room);
        // Opening again keeps the room.
        var commitment = (await LookAsync())!.Commitment;
        await administration.DoesAsync("POST", _sale.Path + "/open");
        Assert.Equal(commitment, (await LookAsync())!.Commitment);
    }

    [Theory]
    [InlineData("""{"opensAt":"2020-01-01T00:00:01Z"}""", "waitingRoom.opensAt")]
    [InlineData("""{"admitPerSecond":0}""", "waitingRoom.admitPerSecond")]
    [InlineData("""{"passSeconds":4}""", "waitingRoom.passSeconds")]
    [InlineData("""{"workBits":25}""", "waitingRoom.workBits")]
    [InlineData("""{"groupLimit":-1}""", "waitingRoom.groupLimit")]
    [InlineData("""{"beaconName":" "}""", "waitingRoom.beaconName")]
    public async Task A_room_that_cannot_be_is_refused(string room, string field)
    {
        var refusal = await administration.RefusesAsync(HttpStatusCode.BadRequest, "invalid-request", "POST", "/sales", Json(room));
        Assert.True(refusal.GetProperty("errors").TryGetProperty(field, out _), refusal.ToString());
    }

    [Fact]
    public async Task A_sale_without_a_room_shows_none()
    {
        await administration.DoesAsync("POST", "/sales", _sale.Json());
        Assert.False((await administration.DoesAsync("GET", _sale.Path)).TryGetProperty("waitingRoom", out _));
        await administration.RefusesAsync(HttpStatusCode.NotFound, "no-waiting-room", "GET", _sale.Path + "/waiting-room");
        await administration.RefusesAsync(HttpStatusCode.NotFound, "no-waiting-room", "PUT", _sale.Path + "/waiting-room", "{}");
        await administration.DoesAsync("POST", _sale.Path + "/open");
        Assert.Equal(RoomPolicy.None, (await TestItem.Ledger.InspectAsync(_sale.Keys))!.Room);
    }

    [Fact]
    public async Task An_operator_changes_mode_and_rate_and_gives_the_beacon_once()
    {
        await CreateAsync("""{"beaconName":"lottery 4711","failOpen":true}""");
        await administration.DoesAsync("POST", _sale.Path + "/open");
        await ChangeAsync("""{"mode":"paused"}""");
        await ChangeAsync("""{"admitPerSecond":7}""");
        await ChangeAsync("""{"beacon":"1 2 3"}""");
        await ChangeAsync("""{"beacon":"4 5 6"}""");
        var room = (await LookAsync())!;
        Assert.Equal((RoomMode.Paused, 7, "1 2 3"), (room.Mode, room.AdmitPerSecond, room.Beacon));
    }

    [Theory]
    [InlineData("""{"mode":"shut"}""", "mode")]
    [InlineData("""{"admitPerSecond":0}""", "admitPerSecond")]
    [InlineData("""{"beacon":""}""", "beacon")]
    public async Task A_change_that_cannot_be_is_refused(string change, string field)
    {
        await CreateAsync("{}");
        var refusal = await administration.RefusesAsync(
            HttpStatusCode.BadRequest, "invalid-request", "PUT", _sale.Path + "/waiting-room", change);
        Assert.True(refusal.GetProperty("errors").TryGetProperty(field, out _), refusal.ToString());
    }

    [Fact]
    public async Task What_a_dead_call_wrote_to_PostgreSQL_alone_is_finished_and_a_late_call_changes_nothing()
    {
        await CreateAsync("{}");
        await administration.DoesAsync("POST", _sale.Path + "/open");
        var store = administration.Services.GetRequiredService<RoomStore>();
        var before = (await store.FindAsync([_sale.Id], CancellationToken.None))[_sale.Id];
        await store.ChangeAsync(_sale.Id, "draining", 3, null, CancellationToken.None);
        await KeepAsync();
        Assert.Equal((RoomMode.Draining, 3), ((await LookAsync())!.Mode, (await LookAsync())!.AdmitPerSecond));
        await new RoomLedger(Servers.Redis).WarmAsync(before.Room.Plan(_sale.Id, before.SaleOpensAt));
        Assert.Equal(RoomMode.Draining, (await LookAsync())!.Mode);
    }

    [Fact]
    public async Task A_room_that_was_marked_and_not_made_and_one_that_is_lost_are_made()
    {
        await CreateAsync("{}");
        var store = administration.Services.GetRequiredService<RoomStore>();
        await KeepAsync();
        Assert.Null(await LookAsync());
        await store.MarkWarmAsync(_sale.Id, CancellationToken.None);
        await KeepAsync();
        var commitment = (await LookAsync())!.Commitment;
        await PlannedSale.Redis.KeyDeleteAsync(new RoomKeys(_sale.Id).Room);
        await KeepAsync();
        Assert.NotEqual(commitment, (await LookAsync())!.Commitment);
        Assert.Contains(_sale.Id, await new RoomLedger(Servers.Redis).SalesAsync());
    }

    private string Json(string room) => _sale.Json(("\"items\"", $"\"waitingRoom\":{room},\"items\""));

    private Task<JsonElement> CreateAsync(string room) => administration.DoesAsync("POST", "/sales", Json(room));

    private Task<JsonElement> ReadAsync() => administration.DoesAsync("GET", _sale.Path + "/waiting-room");

    private Task<JsonElement> ChangeAsync(string change) =>
        administration.DoesAsync("PUT", _sale.Path + "/waiting-room", change);

    private async Task<RoomState?> LookAsync() => (await new RoomLedger(Servers.Redis).LookAsync(_sale.Id, 0, 0))?.State;

    private async Task KeepAsync()
    {
        using var keeper = new RoomKeeper(
            administration.Services.GetRequiredService<RoomStore>(), new RoomLedger(Servers.Redis), TimeProvider.System,
            NullLogger<RoomKeeper>.Instance);
        await keeper.RunAsync(CancellationToken.None);
    }
}
