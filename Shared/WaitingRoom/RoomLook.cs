namespace Seckill.Shared.WaitingRoom;

/// <summary>A reading of a waiting room.</summary>
/// <param name="State">Its numbers.</param>
/// <param name="Users">The users of the places that the caller did not know, or the first of them.</param>
/// <param name="Steps">All steps so far.</param>
/// <param name="NewSteps">The steps that the caller did not know, or the first of them.</param>
public sealed record RoomLook(RoomState State, IReadOnlyList<long> Users, int Steps, IReadOnlyList<RoomStep> NewSteps);

/// <summary>A step of the admission.</summary>
/// <param name="Served">Positions below this one are admitted.</param>
/// <param name="Clock">Since then, by the clock of the room.</param>
/// <param name="At">The same moment by the clock of Redis, unix ms: see <see cref="Stock.BuyerTurn"/>.</param>
public readonly record struct RoomStep(int Served, long Clock, long At);
