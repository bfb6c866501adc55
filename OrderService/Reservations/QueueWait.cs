namespace Seckill.OrderService.Reservations;

/// <summary>How long requests wait for their reserve.lua calls: two additions a call, none a request.</summary>
internal sealed class QueueWait
{
    private long _ticks;
    private long _calls;
    private long _sent;

    /// <summary>A call was sent.</summary>
    /// <param name="oldest">How long its oldest request had waited.</param>
    /// <param name="requests">Its requests.</param>
    public void Add(TimeSpan oldest, int requests)
    {
        Interlocked.Add(ref _ticks, oldest.Ticks);
        Interlocked.Increment(ref _calls);
        Interlocked.Add(ref _sent, requests);
    }

    /// <summary>The mean of the calls since the last question, zero without any, and their requests.</summary>
    public (TimeSpan Mean, long Sent) Take()
    {
        var (calls, ticks) = (Interlocked.Exchange(ref _calls, 0), Interlocked.Exchange(ref _ticks, 0));
        return (calls == 0 ? TimeSpan.Zero : TimeSpan.FromTicks(ticks / calls), Interlocked.Exchange(ref _sent, 0));
    }
}
