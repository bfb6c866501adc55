namespace Seckill.OrderService.Overload;

/// <summary>
/// How many clicks are admitted at once. What waits, by Little's law, waits in proportion to what is admitted; so the limit follows the
/// ratio of the wait that is wanted to the one that is measured. Not thread-safe: one loop updates it.
/// </summary>
/// <remarks>
/// The wait that is wanted is a number and not the shortest one seen: clicks that wait for each other leave together, so a wait of some
/// tens of milliseconds is what makes a call large, and cheap. docs/decisions/0061-an-overload-controller.md has the comparison.
/// </remarks>
internal sealed class ConcurrencyLimit
{
    // A single long wait is a pause of the collector, or a slow disk; two are a queue that stands.
    private const int RoundsOfAQueue = 2;
    private const double LargestStep = 0.5;
    // Work that waits for a processor is not shortened as surely by admitting less: the refusals cost processor time, too.
    private const double LargestCpuStep = 0.9;
    private const double Growth = 0.25;
    private int _lateRounds;

    /// <param name="options">Targets and bounds.</param>
    public ConcurrencyLimit(OverloadOptions options) => Value = Initial(options);

    /// <summary>Clicks at once.</summary>
    public double Value { get; private set; }

    /// <summary>Of the last round: the measured waits, as multiples of their targets.</summary>
    public (double Queue, double Cpu) Pressure { get; private set; }

    /// <summary>True when fewer clicks cannot be admitted, and work waits for a processor far too long even so.</summary>
    public bool IsExhausted { get; private set; }

    /// <summary>Takes one round into account.</summary>
    /// <param name="options">Targets and bounds.</param>
    /// <param name="load">What was measured in the round.</param>
    public void Update(OverloadOptions options, in MeasuredLoad load)
    {
        var (queue, cpu) = (
            load.QueueWait.TotalMilliseconds / options.TargetQueueWaitMilliseconds,
            load.CpuWait.TotalMilliseconds / options.TargetCpuWaitMilliseconds);
        Pressure = (queue, cpu);
        var (maximum, minimum) = (options.MaxConcurrency, Math.Min(options.MinConcurrency, options.MaxConcurrency));
        _lateRounds = Math.Max(queue, cpu) > 1 ? _lateRounds + 1 : 0;
        if (_lateRounds == 0)
        {
            Grow(options, load, Math.Max(queue, cpu));
        }
        else if (_lateRounds >= RoundsOfAQueue && (load.HasShed || load.InFlight >= Value / 2))
        {
            // Those who wait may have been admitted under a higher limit; that must not lower it once more. And a call that has just ended
            // leaves room for a moment, which is not how many there are.
            var inUse = load.HasShed ? Math.Max(Value, load.InFlight) : load.InFlight;
            var step = Math.Min(
                Math.Max(LargestStep, 1 / Math.Max(queue, 1)), Math.Max(LargestCpuStep, 1 / Math.Max(cpu, 1)));
            Value = Math.Min(Value, inUse * step);
        }

        Value = Math.Clamp(Value, minimum, maximum);
        IsExhausted = cpu > 4 && Value <= minimum;
    }

    private void Grow(OverloadOptions options, in MeasuredLoad load, double pressure)
    {
        if (load.HasShed || load.InFlight >= Value / 2)
        {
            // The nearer the target, the slower, so that it comes to rest there.
            Value += 1 + (Value * Growth * (1 - pressure));
        }
        else if (Value < Initial(options))
        {
            // Whether more would do is unknown; but a limit that stays low would refuse the next crowd for no reason.
            Value = Math.Min(Initial(options), 1 + (Value * (1 + Growth)));
        }
    }

    private static int Initial(OverloadOptions options) =>
        Math.Min(Math.Max(options.InitialConcurrency, options.MinConcurrency), options.MaxConcurrency);
}

/// <summary>What one round measured.</summary>
/// <param name="QueueWait">Of clicks for their call to Redis.</param>
/// <param name="CpuWait">Of work for a processor.</param>
/// <param name="InFlight">Clicks that are admitted and not answered.</param>
/// <param name="HasShed">True when a click was shed.</param>
internal readonly record struct MeasuredLoad(TimeSpan QueueWait, TimeSpan CpuWait, int InFlight, bool HasShed);
