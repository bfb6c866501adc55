namespace Seckill.OrderService.WaitingRoom;

/// <summary>The answer to a buyer.</summary>
/// <param name="Turn">Where the buyer stands.</param>
/// <param name="Index">The place in the order of registration, from 0; below 0 without one.</param>
/// <param name="Position">The position after the draw, from 0; below 0 while unknown.</param>
/// <param name="Ahead">Buyers ahead who are not admitted yet.</param>
/// <param name="Eta">Estimated time until the turn; null while nothing is known.</param>
/// <param name="PollAfterSeconds">When to ask again; 0 for never.</param>
/// <param name="PassLeft">Time that the pass has.</param>
internal readonly record struct QueuePlace(
    QueueTurn Turn, int Index, int Position, int Ahead, TimeSpan? Eta, int PollAfterSeconds, TimeSpan PassLeft)
{
    /// <summary>Of an admitted buyer: the <see cref="BuyerTurn"/>.</summary>
    public long TurnBegan { get; init; }
}
