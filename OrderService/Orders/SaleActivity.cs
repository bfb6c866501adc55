namespace Seckill.OrderService.Orders;

/// <summary>Shows whether this worker is persisting orders. Then a sale is on, and work that can wait should.</summary>
internal sealed class SaleActivity(TimeProvider clock)
{
    private static readonly TimeSpan s_quiet = TimeSpan.FromSeconds(1);
    private long _lastBatch = long.MinValue;

    /// <summary>True until a second after the last batch.</summary>
    public bool IsSaleOn => Interlocked.Read(ref _lastBatch) is var last && last != long.MinValue && clock.GetElapsedTime(last) < s_quiet;

    /// <summary>A batch was persisted.</summary>
    public void Notice() => Interlocked.Exchange(ref _lastBatch, clock.GetTimestamp());
}
