namespace Seckill.Shared.Stock;

/// <summary>The outcome of opening an item. The numbers are those of warm.lua.</summary>
public enum WarmOutcome
{
    /// <summary>Redis has lost the item; nothing is changed.</summary>
    Lost = -3,
    /// <summary>Redis has the item with other terms; nothing is changed.</summary>
    Differs = -2,
    /// <summary>Redis has a newer state; nothing is changed.</summary>
    Stale = -1,
    /// <summary>The item existed and is open.</summary>
    Existed = 0,
    /// <summary>The item is new and open.</summary>
    Created = 1,
}

/// <summary>The outcome of closing an item. The numbers are those of close.lua.</summary>
public enum CloseOutcome
{
    /// <summary>Redis has a newer state; nothing is changed.</summary>
    Stale = -1,
    /// <summary>The item is not warm.</summary>
    NotWarm = 0,
    /// <summary>The item is closed.</summary>
    Closed = 1,
}
