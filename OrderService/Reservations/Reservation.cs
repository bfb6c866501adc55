using System.Buffers.Text;
using System.Diagnostics;
using System.Threading.Tasks.Sources;
using Microsoft.Extensions.ObjectPool;

namespace Seckill.OrderService.Reservations;

/// <summary>
/// One buyer's request on its way to Redis and back: its arguments, and the task that the buyer awaits. Pooled.
/// </summary>
/// <remarks>
/// Two parties use it: the waiter, until it has read the result, and the queue, until the call is over. The last to leave returns
/// it to the pool. The first to complete it (reply, timeout, cancellation, shutdown) decides the result; later ones find it
/// decided. The decision carries the version, so that a late watchdog never completes the next use of the same object.
/// </remarks>
internal sealed class Reservation : IValueTaskSource<ReservationResult>, IThreadPoolWorkItem
{
    private const int Parties = 2;
    private readonly ObjectPool<Reservation> _pool;
    private const int MaximumDigits = 20;
    private readonly byte[]?[] _digitsByLength = new byte[MaximumDigits + 1][];
    private ManualResetValueTaskSourceCore<ReservationResult> _source;
    private ReservationResult _result;
    private CancellationTokenRegistration _cancellation;
    private long _decided = Decision(0);
    private long _waitingSince;
    private int _parties;

    public Reservation(ObjectPool<Reservation> pool) => _pool = pool;

    /// <summary>The order id without the number of the item, ASCII; unchanged until the call is over.</summary>
    public byte[] Suffix { get; } = new byte[OrderId.SuffixLength];

    public long UserId { get; private set; }

    /// <summary>The user id in digits, ASCII; unchanged until the call is over.</summary>
    public byte[] UserDigits { get; private set; } = [];

    public int Quantity { get; private set; }
    public string? IdempotencyKey { get; private set; }

    /// <summary>See <see cref="BuyerTurn"/>.</summary>
    public long Turn { get; private set; }

    /// <summary>The request's span, when it was sampled.</summary>
    public Activity? Trace { get; private set; }

    /// <summary><see cref="Stopwatch"/> ticks at which the request began to wait.</summary>
    public long WaitingSince => Volatile.Read(ref _waitingSince);

    /// <summary>Tells one use of this object from the next.</summary>
    public short Version => _source.Version;

    public bool IsDecided => Interlocked.Read(ref _decided) == Decision(Version);

    public void Start(long userId, int quantity, string? idempotencyKey, long turn = BuyerTurn.NotNeeded)
    {
        Guard(_parties == 0, "started while it is still in use");
        _parties = Parties;
        UserId = userId;
        UserDigits = Digits(userId);
        Quantity = quantity;
        IdempotencyKey = idempotencyKey;
        Turn = turn;
        Trace = BatchTrace.CurrentRequest;
        OrderId.FillSuffix(Suffix);
        // In this order: a reader of the new version sees the new time, and until the last line no party can decide.
        Volatile.Write(ref _waitingSince, Stopwatch.GetTimestamp());
        _source.Reset();
        Interlocked.Exchange(ref _decided, Undecided(Version));
    }

    /// <summary>What the buyer awaits, once.</summary>
    public ValueTask<ReservationResult> WaitAsync(CancellationToken cancellationToken)
    {
        if (cancellationToken.CanBeCanceled)
        {
            _cancellation = cancellationToken.UnsafeRegister(
                static (state, _) => ((Reservation)state!).TryDecide(new ReservationResult(ReserveOutcome.Unknown)), this);
        }

        return new ValueTask<ReservationResult>(this, Version);
    }

    /// <summary>Decides this use of the object; false when it is decided already.</summary>
    public bool TryDecide(in ReservationResult result) => TryDecide(Version, result);

    /// <summary>Decides the use with this version; false when it is decided already, or over.</summary>
    public bool TryDecide(short version, in ReservationResult result)
    {
        if (Interlocked.CompareExchange(ref _decided, Decision(version), Undecided(version)) != Undecided(version))
        {
            return false;
        }

        _result = result;
        // The waiter continues on another thread, so that no answer waits for another. Queued as itself, which allocates nothing.
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: true);
        return true;
    }

    /// <summary>Decides a use that has waited since before <paramref name="limit"/> as unknown.</summary>
    public void GiveUpIfWaitingSinceBefore(long limit)
    {
        // The version first: a use that starts in between has another.
        var version = Version;
        if (WaitingSince < limit)
        {
            TryDecide(version, new ReservationResult(ReserveOutcome.Unknown));
        }
    }

    void IThreadPoolWorkItem.Execute() => _source.SetResult(_result);

    /// <summary>The queue no longer uses it.</summary>
    public void LeaveQueue()
    {
        Guard(_parties > 0, "used after its return");
        Leave();
    }

    ReservationResult IValueTaskSource<ReservationResult>.GetResult(short token)
    {
        Guard(_parties > 0, "awaited after its return");
        // Waits for a cancellation callback that is running, so that it cannot reach the next use.
        _cancellation.Dispose();
        var result = _source.GetResult(token);
        Leave();
        return result;
    }

    ValueTaskSourceStatus IValueTaskSource<ReservationResult>.GetStatus(short token) => _source.GetStatus(token);

    void IValueTaskSource<ReservationResult>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);

    /// <summary>Misuse of a pooled object shows up far from its cause; debug builds, which the tests run, stop at the cause.</summary>
    [Conditional("DEBUG")]
    private static void Guard(bool holds, string misuse)
    {
        if (!holds)
        {
            throw new InvalidOperationException("A pooled reservation was " + misuse + ".");
        }
    }

    // The Redis client wants an array of the exact length.
    private byte[] Digits(long userId)
    {
        Span<byte> digits = stackalloc byte[MaximumDigits];
        Utf8Formatter.TryFormat(userId, digits, out var length);
        var own = _digitsByLength[length] ??= new byte[length];
        digits[..length].CopyTo(own);
        return own;
    }

    private static long Undecided(short version) => (long)(ushort)version << 1;

    private static long Decision(short version) => Undecided(version) | 1;

    private void Leave()
    {
        var left = Interlocked.Decrement(ref _parties);
        Guard(left >= 0, "returned twice");
        if (left == 0)
        {
            _cancellation = default;
            _pool.Return(this);
        }
    }
}
