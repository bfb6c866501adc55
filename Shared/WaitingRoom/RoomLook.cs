namespace Seckill.Shared.WaitingRoom;

/// <summary>A reading of a waiting room.</summary>
/// <param name="State">Its numbers.</param>
/// <param name="Users">A page of the users, by place.</param>
/// <param name="Steps">All steps so far.</param>
/// <param name="NewSteps">A page of them.</param>
public sealed record RoomLook(RoomState State, IReadOnlyList<long> Users, int Steps, IReadOnlyList<RoomStep> NewSteps);

/// <summary>A step of the admission.</summary>
/// <param name="Served">Positions below this one are admitted.</param>
/// <param name="Clock">Since then, by the clock of the room.</param>
/// <param name="At">The same moment by the clock of Redis, unix ms: see <see cref="Stock.BuyerTurn"/>.</param>
public readonly record struct RoomStep(int Served, long Clock, long At);
