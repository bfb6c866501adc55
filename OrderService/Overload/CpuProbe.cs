namespace Seckill.OrderService.Overload;

/// <summary>How long a piece of work waits for a thread of the pool and for a processor: as long as every request does.</summary>
internal sealed class CpuProbe(TimeProvider clock) : IThreadPoolWorkItem
{
    private static readonly Histogram<double> s_wait = new Meter(Measurements.Name).CreateHistogram(
        "seckill.overload.cpu_wait", "s", "How long work waits for a processor, measured twenty times a second.",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = Measurements.Seconds });

    private long _queuedAt;
    private long _waited = -1;

    /// <summary>The wait of the last probe; of the present one so far, when it still waits. Then sends the next.</summary>
    public TimeSpan Take()
    {
        var waited = Interlocked.Read(ref _waited);
        if (waited < 0 && _queuedAt != 0)
        {
            return clock.GetElapsedTime(_queuedAt);
        }

        Interlocked.Exchange(ref _waited, -1);
        _queuedAt = clock.GetTimestamp();
        // Behind all that waits, as a request would be.
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        return waited < 0 ? TimeSpan.Zero : TimeSpan.FromTicks(waited);
    }

    void IThreadPoolWorkItem.Execute()
    {
        var waited = clock.GetElapsedTime(_queuedAt);
        s_wait.Record(waited.TotalSeconds);
        Interlocked.Exchange(ref _waited, waited.Ticks);
    }
}
