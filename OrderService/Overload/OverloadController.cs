using System.Runtime.InteropServices;

namespace Seckill.OrderService.Overload;

/// <summary>
/// Whom this instance admits. A click that is admitted costs two interlocked additions; <see cref="OverloadWatch"/> sets the bounds twenty
/// times a second.
/// </summary>
/// <remarks>
/// Each class has a bound of the clicks in flight, lower for a class that is shed earlier: whenever a request is refused, so is every
/// request of a later class at that moment. Only clicks are in flight. Polls wait for PostgreSQL, which must not keep a buyer from Redis.
/// </remarks>
internal sealed class OverloadController
{
    // Of the limit. What is left is for those who have a pass; a known click needs no room.
    private const double ShareOfNewClicks = 0.9;
    private const double ShareOfSalePages = 0.75;
    // Half a second of rounds: a Retry-After must not jump with each of them.
    private const double Smoothing = 0.1;
    private const double HardlyAny = 0.05;
    private static readonly string[] s_classes = Words<RequestClass>();
    private static readonly string[] s_reasons = Words<ShedReason>();
    private readonly ConcurrencyLimit _limit;
    private readonly long[] _shed = new long[s_classes.Length * s_reasons.Length];
    private PaddedCount _inFlight;
    private int[] _bounds;
    private double _refusedForOne;
    private int _retryAfter = 1;
    private ShedReason _reason;
    private long _clicksShed;

    /// <param name="options">Targets and bounds.</param>
    public OverloadController(OverloadOptions options)
    {
        (Options, _limit) = (options, new ConcurrencyLimit(options));
        _bounds = NewBounds(isCpuLate: false);
    }

    /// <summary>The settings in force.</summary>
    public OverloadOptions Options { get; private set; }

    /// <summary>Clicks that are admitted at once.</summary>
    public int Limit => (int)_limit.Value;

    /// <summary>Clicks that are admitted and not answered.</summary>
    public int InFlight => Volatile.Read(ref _inFlight.Value);

    /// <summary>True when half of the limit is in use.</summary>
    public bool IsNearLimit => InFlight >= Limit / 2;

    /// <summary>What the last round measured, as multiples of the targets.</summary>
    public (double Queue, double Cpu) Pressure => _limit.Pressure;

    /// <summary>The longest Retry-After of a refusal now, seconds: as many as come for each that can be served.</summary>
    public int RetryAfterSeconds => Volatile.Read(ref _retryAfter);

    /// <summary>Keys of the clicks that were admitted here.</summary>
    public KnownKeys Keys { get; } = new();

    /// <summary>Whether a request may go on. It counts nothing.</summary>
    public bool Admits(RequestClass kind) => InFlight < Volatile.Read(ref _bounds)[(int)kind];

    /// <summary>Counts a click that was admitted. Its end must be counted, too.</summary>
    public void Enter() => Interlocked.Increment(ref _inFlight.Value);

    /// <summary>An admitted click is answered.</summary>
    public void Leave() => Interlocked.Decrement(ref _inFlight.Value);

    /// <summary>Counts a request that was refused.</summary>
    public void CountShed(RequestClass kind) => Interlocked.Increment(ref _shed[((int)kind * s_reasons.Length) + (int)_reason]);

    /// <summary>Requests that were refused so far, by class and reason, in words.</summary>
    public IEnumerable<(string Class, string Reason, long Count)> Shed() =>
        _shed.Select((_, i) => (s_classes[i / s_reasons.Length], s_reasons[i % s_reasons.Length], Volatile.Read(ref _shed[i])));

    /// <summary>One round: the bounds follow what was measured.</summary>
    /// <param name="options">The settings now.</param>
    /// <param name="queueWait">Of clicks for their call to Redis.</param>
    /// <param name="cpuWait">Of work for a processor.</param>
    /// <param name="served">Clicks that Redis was asked about in the round.</param>
    public void Update(OverloadOptions options, TimeSpan queueWait, TimeSpan cpuWait, long served)
    {
        Options = options;
        var clicks = ShedOf(RequestClass.NewClick) + ShedOf(RequestClass.PassHolder);
        var refused = clicks - _clicksShed;
        _clicksShed = clicks;
        _limit.Update(options, new MeasuredLoad(queueWait, cpuWait, InFlight, refused > 0));
        var (queue, cpu) = _limit.Pressure;
        _reason = Math.Max(queue, cpu) <= 1 ? ShedReason.Burst : queue >= cpu ? ShedReason.QueueWait : ShedReason.CpuWait;
        _refusedForOne += Smoothing * (((double)refused / Math.Max(1, served)) - _refusedForOne);
        Volatile.Write(ref _retryAfter, (int)Math.Clamp(1 + Math.Ceiling(_refusedForOne - HardlyAny), 1, options.LongestRetryAfterSeconds));
        Volatile.Write(ref _bounds, NewBounds(cpu > 1));
    }

    private long ShedOf(RequestClass kind)
    {
        var count = 0L;
        for (var reason = 0; reason < s_reasons.Length; reason++)
        {
            count += Volatile.Read(ref _shed[((int)kind * s_reasons.Length) + reason]);
        }

        return count;
    }

    private int[] NewBounds(bool isCpuLate)
    {
        var bounds = new int[s_classes.Length];
        Array.Fill(bounds, int.MaxValue);
        if (Options.Enabled)
        {
            bounds[(int)RequestClass.OwnOrder] = _limit.IsExhausted ? Limit : int.MaxValue;
            bounds[(int)RequestClass.PassHolder] = Limit;
            bounds[(int)RequestClass.NewClick] = (int)Math.Ceiling(ShareOfNewClicks * Limit);
            // A sale page waits for nothing but a processor.
            bounds[(int)RequestClass.SalePage] = isCpuLate ? 0 : (int)Math.Ceiling(ShareOfSalePages * Limit);
        }

        return bounds;
    }

    private static string[] Words<T>()
        where T : struct, Enum =>
        [.. Enum.GetNames<T>().Select(JsonNamingPolicy.KebabCaseLower.ConvertName)];

    // On a cache line of its own: every click writes it, and reads the fields beside it.
    [StructLayout(LayoutKind.Explicit, Size = 192)]
    private struct PaddedCount
    {
        [FieldOffset(64)] public int Value;
    }
}
