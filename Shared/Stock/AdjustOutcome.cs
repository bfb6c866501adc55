namespace Seckill.Shared.Stock;

/// <summary>Outcome of a change of stock. The numbers are those of adjust.lua.</summary>
public enum AdjustOutcome
{
    /// <summary>The item is not warm, or waits for its rebuild.</summary>
    NotWarm = -1,
    /// <summary>Fewer units are available than the change withdraws.</summary>
    NotEnough = 0,
    /// <summary>The change is made, now or before.</summary>
    Made = 1,
}
