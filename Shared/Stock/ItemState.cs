namespace Seckill.Shared.Stock;

/// <summary>State of a sale item in Redis.</summary>
public enum ItemState
{
    /// <summary>The window decides.</summary>
    Open,
    /// <summary>Closed by an operator, whatever the window says.</summary>
    Closed,
    /// <summary>Redis lost its data; it sells nothing until it is rebuilt.</summary>
    Lost,
}

/// <summary>The text of each state in Redis.</summary>
public static class ItemStates
{
    /// <summary>As the field <c>state</c> has it.</summary>
    public static string Text(this ItemState state) => state switch
    {
        ItemState.Open => "open",
        ItemState.Closed => "closed",
        ItemState.Lost => "lost",
        _ => throw new ArgumentOutOfRangeException(nameof(state), state, null),
    };

    /// <summary>Reads what <see cref="Text"/> wrote.</summary>
    /// <exception cref="FormatException">It is no state.</exception>
    public static ItemState Parse(string text) => text switch
    {
        "open" => ItemState.Open,
        "closed" => ItemState.Closed,
        "lost" => ItemState.Lost,
        _ => throw new FormatException($"\"{text}\" is no state of a sale item."),
    };
}
