namespace Seckill.Shared.Stock;

/// <summary>What came of a change of stock. The numbers are those of adjust.lua.</summary>
public enum AdjustOutcome
{
    /// <summary>The item is not warm, or waits for its rebuild.</summary>
    NotWarm = -1,

    /// <summary>More units would be withdrawn than are available.</summary>
    NotEnough = 0,

    /// <summary>The change is made, now or before.</summary>
    Made = 1,
}
