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

/// <summary>A change of stock, as Redis makes it.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Units">Negative to withdraw.</param>
/// <param name="StartedAt">Its start, unix microseconds: a refused key may be used again, and then it is another change.</param>
/// <param name="Epoch">Of the item when the change was decided; a call that arrives after a rebuild changes nothing.</param>
/// <param name="Partial">Withdraws as many as are available where these are fewer.</param>
public sealed record StockAdjustment(string Key, int Units, long StartedAt, int Epoch, bool Partial = false);
