namespace Seckill.Shared.Stock;

/// <summary>Whether orders of an item need a pass of the sale's waiting room.</summary>
public enum RoomPolicy
{
    /// <summary>The sale has no waiting room.</summary>
    None,
    /// <summary>Always.</summary>
    FailClosed,
    /// <summary>While the waiting room can be read; without it the sale goes on as one that has none.</summary>
    FailOpen,
}
