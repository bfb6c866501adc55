namespace Seckill.Shared.WaitingRoom;

/// <summary>A waiting room as it is planned, and what its operator made of it.</summary>
/// <param name="SaleId">The sale.</param>
/// <param name="OpensAt">Registration begins; null: when the sale is opened.</param>
/// <param name="DrawsAt">The draw: when the window of the sale begins.</param>
/// <param name="AdmitPerSecond">Most buyers admitted in a second.</param>
/// <param name="PassSeconds">How long a pass lasts.</param>
/// <param name="WorkBits">Difficulty of the proof of work before registration; 0 for none.</param>
/// <param name="GroupLimit">Most places of a group; 0 for any number.</param>
/// <param name="BeaconName">A public value that is to be mixed into the seed; null for none.</param>
/// <param name="Beacon">That value; null while it is unknown.</param>
/// <param name="Mode">What the operator made of it.</param>
/// <param name="Version">Counts the changes of what an operator may change.</param>
public sealed record RoomPlan(
    long SaleId, DateTimeOffset? OpensAt, DateTimeOffset DrawsAt, int AdmitPerSecond, int PassSeconds, int WorkBits, int GroupLimit,
    string? BeaconName, string? Beacon, RoomMode Mode, long Version);
