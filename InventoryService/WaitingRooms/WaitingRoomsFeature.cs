using Seckill.InventoryService.Operations;
using Seckill.InventoryService.Sales;
using Seckill.Shared.WaitingRoom;

namespace Seckill.InventoryService.WaitingRooms;

/// <summary>Waiting rooms for operators: who waits, and pause, resume, drain, switch off, change the rate, give the beacon.</summary>
internal static class WaitingRoomsFeature
{
    private const int MaximumBodyBytes = 4 * 1024;

    public static void AddWaitingRooms(this WebApplicationBuilder builder)
    {
        builder.Services.AddHostedService<RoomKeeper>();
        builder.Services.AddSingleton<RoomWatch>();
        builder.Services.AddHostedService(provider => provider.GetRequiredService<RoomWatch>());
    }

    public static void MapWaitingRooms(this WebApplication app)
    {
        var room = app.MapGroup("/sales/{saleId:id}/waiting-room")
            .ForOperators(new OperationGroup("Waiting room", "Who waits for a sale, and how fast they come in."));
        room.MapGet("", async (long saleId, RoomStore store, RoomLedger rooms, CancellationToken cancellationToken) =>
                (await store.FindAsync([saleId], cancellationToken)).GetValueOrDefault(saleId) is { } found
                    ? await AnswerAsync(found, rooms) : Refusals.NoWaitingRoom)
            .WithName("getWaitingRoom")
            .WithSummary("Read the waiting room of a sale")
            .WithDescription("Its settings, and who is in it now.")
            .Produces<WaitingRoomView>()
            .ProducesProblems(401, 503)
            .ProducesProblems(Refusals.NoWaitingRoom);
        room.MapPut("", ChangeAsync)
            .RecordsBefore(SaleEndpoints.ReadAsync)
            .WithName("changeWaitingRoom")
            .WithSummary("Pause, resume, drain or switch off a waiting room, or change its rate")
            .WithDescription(
                "In mid-sale, and repeatable. What is missing stays. It holds within a second on every instance. A sale whose room is off "
                + "needs no pass; when it is switched on again, the places count again.")
            .Accepts<ChangeWaitingRoom>("application/json")
            .Produces<WaitingRoomView>()
            .ProducesProblems(400, 401, 408, 413, 415, 503)
            .ProducesProblems(Refusals.NoWaitingRoom);
    }

    private static async Task<IResult> ChangeAsync(
        long saleId, HttpRequest request, RoomStore store, RoomLedger rooms, CancellationToken cancellationToken)
    {
        var (change, problem) = await JsonBody.ReadAsync(request, RoomJson.Default.ChangeWaitingRoom, MaximumBodyBytes, cancellationToken);
        if (problem is not null)
        {
            return problem;
        }

        if (change!.Mode is { } mode && !RoomModes.TryParse(mode, out _))
        {
            return Problem.Invalid("mode", "this must be open, paused, draining or off");
        }

        if (change.AdmitPerSecond is < 1 or > CreateWaitingRoom.MostPerSecond)
        {
            return Problem.Invalid("admitPerSecond", $"this must be an integer, 1 to {CreateWaitingRoom.MostPerSecond}");
        }

        if (change.Beacon is { } beacon && !CreateSaleRules.IsBeacon(beacon))
        {
            return Problem.Invalid("beacon", CreateSaleRules.BeaconRule);
        }

        if (await store.ChangeAsync(saleId, change.Mode, change.AdmitPerSecond, change.Beacon, cancellationToken) is not { } room)
        {
            return Refusals.NoWaitingRoom;
        }

        FailPoint.Reach("waiting-room-written");
        if (room.WasWarm)
        {
            await rooms.WarmAsync(room.Room.Plan(saleId, room.SaleOpensAt));
        }

        return await AnswerAsync(room, rooms);
    }

    private static async Task<IResult> AnswerAsync(StoredRoom room, RoomLedger rooms) => Results.Json(
        new WaitingRoomView(
            room.SaleId, room.Room,
            await rooms.LookAsync(room.SaleId, int.MaxValue, int.MaxValue) is { State: var state } ? LiveRoom.Of(state) : null),
        RoomJson.Default.WaitingRoomView);
}
