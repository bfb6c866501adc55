using System.ComponentModel.DataAnnotations;
using Seckill.InventoryService.Sales;
using Seckill.Shared.WaitingRoom;

namespace Seckill.InventoryService.WaitingRooms;

/// <summary>What an operator changes of a waiting room. What is missing stays.</summary>
/// <param name="Mode">open; paused: admits no buyer; draining: registers no buyer; off: the sale needs no pass.</param>
/// <param name="AdmitPerSecond">Most buyers admitted in a second, 1 to 100,000.</param>
/// <param name="Beacon">The public value that the room waits for, when it names one. The first that is given counts.</param>
public sealed record ChangeWaitingRoom(
    [property: AllowedValues("open", "paused", "draining", "off")] string? Mode,
    [property: Range(1, CreateWaitingRoom.MostPerSecond)] int? AdmitPerSecond,
    [property: StringLength(200, MinimumLength = 1)] string? Beacon);

/// <summary>A waiting room and who is in it.</summary>
/// <param name="Settings">As PostgreSQL has them; within a second they hold everywhere.</param>
/// <param name="Live">What Redis has; null before the sale is opened.</param>
public sealed record WaitingRoomView(long SaleId, WaitingRoomDetails Settings, LiveRoom? Live);

/// <summary>A waiting room in Redis.</summary>
/// <param name="Phase">registering, drawing, admitting, sold-out, closed.</param>
/// <param name="Registered">Places taken.</param>
/// <param name="Waiting">Places that are not admitted yet.</param>
/// <param name="Served">Places that were admitted.</param>
/// <param name="Passes">Passes that are out, and not used for an order yet.</param>
/// <param name="NoShowPercent">Of the newest passes whose time is over, those that were not used for an order.</param>
/// <param name="Units">For sale; null while unknown.</param>
public sealed record LiveRoom(
    [property: AllowedValues("registering", "drawing", "admitting", "sold-out", "closed")] string Phase, int Registered, int Waiting,
    int Served, int Passes, double NoShowPercent, int? Units)
{
    /// <summary>From its numbers.</summary>
    internal static LiveRoom Of(RoomState state) => new(
        state.IsClosed ? "closed"
        : state.Seed is null ? state.Now < state.DrawsAt ? "registering" : "drawing"
        : state.Units == 0 ? "sold-out" : "admitting",
        state.Places, state.Places - state.Served, state.Served, state.Out,
        state.Turnout.Gone == 0 ? 0 : Math.Round(100.0 * Math.Max(0, state.Turnout.Gone - state.Turnout.Came) / state.Turnout.Gone, 1),
        state.Units < 0 ? null : state.Units);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false,
    MaxDepth = 8,
    Converters = [typeof(UtcTimeConverter)])]
[JsonSerializable(typeof(ChangeWaitingRoom))]
[JsonSerializable(typeof(WaitingRoomView))]
internal sealed partial class RoomJson : JsonSerializerContext;
