using System.ComponentModel.DataAnnotations;
using Seckill.Shared.WaitingRoom;

namespace Seckill.InventoryService.Sales;

/// <summary>A waiting room to create with a sale. Every field may be missing.</summary>
/// <param name="OpensAt">Registration begins; without it, when the sale is opened. Before the opening of the sale.</param>
/// <param name="AdmitPerSecond">Most buyers admitted in a second, 1 to 100,000; 500 by default.</param>
/// <param name="PassSeconds">How long a pass lasts, 5 to 3,600; 120 by default.</param>
/// <param name="FailOpen">
/// True: without its waiting room the sale goes on as one that has none. By default orders need a pass always.
/// </param>
/// <param name="WorkBits">Difficulty of the proof of work before registration, 0 to 24 bits; 0, none, by default.</param>
/// <param name="GroupLimit">Most places for buyers with the same <c>grp</c> claim; 0, any number, by default.</param>
/// <param name="BeaconName">
/// Names a public value that is not known yet and that an operator gives after the draw was sealed, as the number of a lottery's round.
/// </param>
public sealed record CreateWaitingRoom(
    DateTimeOffset? OpensAt, [property: Range(1, 100_000)] int? AdmitPerSecond, [property: Range(5, 3_600)] int? PassSeconds,
    bool? FailOpen, [property: Range(0, QueueWork.MaximumBits)] int? WorkBits, [property: Range(0, 1_000_000)] int? GroupLimit,
    [property: StringLength(200, MinimumLength = 1)] string? BeaconName)
{
    /// <summary>Of <see cref="AdmitPerSecond"/>.</summary>
    public const int DefaultAdmitPerSecond = 500;

    /// <summary>Of <see cref="PassSeconds"/>.</summary>
    public const int DefaultPassSeconds = 120;

    /// <summary>Of <see cref="AdmitPerSecond"/>.</summary>
    public const int MostPerSecond = 100_000;
}

/// <summary>The waiting room of a sale, as it was planned and as its operator wants it.</summary>
/// <param name="OpensAt">Registration begins, UTC; null: when the sale is opened.</param>
/// <param name="AdmitPerSecond">Most buyers admitted in a second.</param>
/// <param name="PassSeconds">How long a pass lasts.</param>
/// <param name="FailOpen">Whether the sale goes on without its room.</param>
/// <param name="WorkBits">Difficulty of the proof of work.</param>
/// <param name="GroupLimit">Most places of a group; 0 for any number.</param>
/// <param name="BeaconName">Names the public value.</param>
/// <param name="Beacon">The public value; null while it is unknown.</param>
/// <param name="Mode">open, paused (admits no buyer), draining (registers no buyer), off (the sale needs no pass).</param>
public sealed record WaitingRoomDetails(
    DateTimeOffset? OpensAt, int AdmitPerSecond, int PassSeconds, bool FailOpen, int WorkBits, int GroupLimit, string? BeaconName,
    string? Beacon, [property: AllowedValues("open", "paused", "draining", "off")] string Mode)
{
    /// <summary>Counts the changes.</summary>
    [JsonIgnore]
    public long Version { get; init; }

    /// <summary>What orders of the sale need.</summary>
    [JsonIgnore]
    public RoomPolicy Policy => FailOpen ? RoomPolicy.FailOpen : RoomPolicy.FailClosed;

    /// <summary>As Redis gets it.</summary>
    public RoomPlan Plan(long saleId, DateTimeOffset saleOpensAt) => new(
        saleId, OpensAt, saleOpensAt, AdmitPerSecond, PassSeconds, WorkBits, GroupLimit, BeaconName, Beacon,
        RoomModes.TryParse(Mode, out var mode) ? mode : RoomMode.Open, Version);
}
