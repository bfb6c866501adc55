using Seckill.OrderService.Overload;

namespace Seckill.OrderService.Tests.Overload;

/// <summary>
/// The probe says how long work waits for a processor, also while it still waits. Broken by one that is silent until its turn has come: a
/// process whose threads are all busy would look idle.
/// </summary>
public sealed class CpuProbeTests
{
    [Fact]
    public async Task It_says_how_long_it_waits_and_then_how_long_it_waited()
    {
        var clock = new HeldClock();
        var probe = new CpuProbe(clock);
        Assert.Equal(0, Take());
        Assert.Equal(1, Take());
        Assert.Equal(2, Take());
        clock.Release();
        await Eventually.IsTrueAsync("its turn has come", () => clock.Readings == 4);
        // It waited for three readings. It says four when what it has measured is not written yet.
        Assert.InRange(Take(), 3, 4);

        double Take() => probe.Take().TotalSeconds;
    }

    /// <summary>A second later each time it is read. Until the release, all threads wait but the one that made it.</summary>
    private sealed class HeldClock : TimeProvider
    {
        private readonly int _maker = Environment.CurrentManagedThreadId;
        private volatile bool _isReleased;
        private long _readings;

        public long Readings => Interlocked.Read(ref _readings);

        public override long TimestampFrequency => 1;

        public void Release() => _isReleased = true;

        public override long GetTimestamp()
        {
            SpinWait.SpinUntil(() => _isReleased || Environment.CurrentManagedThreadId == _maker);
            return Interlocked.Increment(ref _readings);
        }
    }
}
