namespace Seckill.Shared.Stock;

/// <summary>Outcome of giving an item new terms; the numbers are those of edit.lua.</summary>
public enum EditOutcome
{
    /// <summary>Redis has a newer state; nothing is changed.</summary>
    Stale = -1,
    /// <summary>The item is not warm; nothing is changed.</summary>
    NotWarm = 0,
    /// <summary>The item has the terms and the state.</summary>
    Edited = 1,
}
