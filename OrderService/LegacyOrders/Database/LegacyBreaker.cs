namespace Seckill.OrderService.LegacyOrders.Database;

/// <summary>
/// Takes a legacy database out of use that fails, is slow or disagrees. Not Polly's breaker, because that counts one outcome for each
/// call, where a batch of 512 orders with 30 mismatches is 512 outcomes; judges a span of time, where these windows are numbers of
/// calls and orders; and closes after one probe, where these need two.
/// </summary>
internal sealed partial class LegacyBreaker(IOptions<LegacyOptions> options, TimeProvider clock, ILogger<LegacyBreaker> logger)
{
    private const int ProbesToClose = 2;
    private const string Disagrees = "the legacy rows differ";
    private static readonly TimeSpan s_shortestPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_probeTimeout = TimeSpan.FromSeconds(15);

    private readonly Lock _gate = new();
    private readonly BreakerWindow _window = new();
    private volatile BreakerState _state;
    private volatile string? _cause;
    private string? _reason;
    private TimeSpan _pause = s_shortestPause;
    private long _notBefore;
    private long _openedAt;
    private int _goodProbes;

    public BreakerState State => _state;

    /// <summary>Why the breaker is open, with numbers; null while it is closed.</summary>
    public string? Cause => _cause;

    /// <summary>How long it has been open, probes included; null while it is closed.</summary>
    public TimeSpan? OpenFor => _state == BreakerState.Closed ? null : clock.GetElapsedTime(Interlocked.Read(ref _openedAt));

    /// <summary>Whether the legacy database may be called now. Each true is followed by one of the calls below.</summary>
    public bool TryEnter()
    {
        lock (_gate)
        {
            if (_state == BreakerState.Closed || clock.GetTimestamp() < _notBefore)
            {
                return _state == BreakerState.Closed;
            }

            if (_state == BreakerState.Open)
            {
                _state = BreakerState.HalfOpen;
                LogHalfOpen();
            }

            // Other callers wait for this probe, and no longer than it can take: its caller may be gone.
            _notBefore = After(s_probeTimeout);
            return true;
        }
    }

    /// <summary>A call was answered in time, and these many orders were compared.</summary>
    public void Succeeded(int verified, int mismatched)
    {
        lock (_gate)
        {
            _window.Add(failed: false);
            _window.Add(verified, mismatched, options.Value.BreakerWindow);
            var (orders, differ) = _window.Orders;
            if (differ > 0 && differ * 100L >= orders * (long)options.Value.BreakerMismatchPercent
                && orders >= Math.Max(1, options.Value.BreakerWindow / 10))
            {
                Open(Disagrees, $"{differ} of the last {orders} verified orders differ");
            }
            else if (_state == BreakerState.HalfOpen && mismatched > 0)
            {
                Open(Disagrees, $"{mismatched} of {verified} orders of a probe differ");
            }
            else if (_state == BreakerState.HalfOpen)
            {
                _notBefore = default;
                if (++_goodProbes >= ProbesToClose)
                {
                    Close();
                }
            }
        }
    }

    /// <summary>A call failed, or took too long.</summary>
    /// <param name="reason">The same words for the same kind of failure, as <see cref="LegacyFailure.Describe"/> gives.</param>
    public void Failed(string reason)
    {
        lock (_gate)
        {
            _window.Add(failed: true);
            var (calls, failures) = _window.Calls;
            var isProbe = _state == BreakerState.HalfOpen;
            if (isProbe || failures >= options.Value.BreakerFailures)
            {
                Open(reason, isProbe ? $"a probe failed: {reason}" : $"{failures} of the last {calls} calls failed: {reason}");
            }
        }
    }

    /// <summary>The caller did not call after all; another may be the probe.</summary>
    public void Abandoned()
    {
        lock (_gate)
        {
            _notBefore = _state == BreakerState.HalfOpen ? default : _notBefore;
        }
    }

    private void Open(string reason, string cause)
    {
        if (_state == BreakerState.Open)
        {
            return;
        }

        var wasClosed = _state == BreakerState.Closed;
        _pause = wasClosed ? s_shortestPause : TimeSpan.FromTicks(Math.Min(_pause.Ticks * 2, s_longestPause.Ticks));
        _openedAt = wasClosed ? clock.GetTimestamp() : _openedAt;
        // A probe that fails as before is no news, and one fails every other second.
        if (reason == _reason)
        {
            LogStillOpen(cause);
        }
        else
        {
            LogOpen(cause);
            // The first cause has the numbers; it stays until another kind of failure follows it.
            (_reason, _cause) = (reason, cause);
        }

        _state = BreakerState.Open;
        _notBefore = After(_pause);
        _goodProbes = 0;
        _window.Clear();
    }

    private void Close()
    {
        _state = BreakerState.Closed;
        (_reason, _cause) = (null, null);
        _pause = s_shortestPause;
        LogClosed(ProbesToClose, clock.GetElapsedTime(_openedAt).TotalSeconds);
    }

    private long After(TimeSpan pause) => clock.GetTimestamp() + (long)(pause.TotalSeconds * clock.TimestampFrequency);

    [LoggerMessage(604, LogLevel.Warning,
        "Legacy breaker is open: {Cause}. Changes wait in the legacy outbox; all buyers read the new schema.")]
    private partial void LogOpen(string cause);
    [LoggerMessage(605, LogLevel.Debug, "Legacy breaker is half-open: a probe is sent.")]
    private partial void LogHalfOpen();
    [LoggerMessage(606, LogLevel.Debug, "Legacy breaker is open again: {Cause}.")]
    private partial void LogStillOpen(string cause);
    [LoggerMessage(607, LogLevel.Information, "Legacy breaker is closed: {Probes} probes succeeded. It was open for {Seconds:0.0} s.")]
    private partial void LogClosed(int probes, double seconds);
}
