using Microsoft.Extensions.Options;

namespace Seckill.OrderService.LegacyOrders.Database;

/// <summary>What a breaker lets through.</summary>
internal enum BreakerState
{
    /// <summary>Everything.</summary>
    Closed,

    /// <summary>Nothing until the pause is over.</summary>
    Open,

    /// <summary>One probe at a time.</summary>
    HalfOpen,
}

/// <summary>
/// Keeps a legacy database that fails, is slow or disagrees out of the way. Not Polly's breaker, because that counts one outcome for
/// each call, where a batch of 512 orders with 30 mismatches is 512 outcomes; judges a span of time, where these windows are numbers of
/// calls and orders; and closes after one probe, where these need two.
/// </summary>
internal sealed class LegacyBreaker(IOptions<LegacyOptions> options, TimeProvider clock)
{
    private const int CallsRemembered = 20;
    private const int ProbesToClose = 2;
    private static readonly TimeSpan s_shortestPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_probeMayTake = TimeSpan.FromSeconds(15);

    private readonly Lock _gate = new();
    private readonly Queue<bool> _failures = new();
    private readonly Queue<(int Verified, int Mismatched)> _verifications = new();
    private (int Verified, int Mismatched) _sum;
    private BreakerState _state;
    private TimeSpan _pause = s_shortestPause;
    private long _notBefore;
    private int _goodProbes;

    public BreakerState State
    {
        get
        {
            lock (_gate)
            {
                return _state;
            }
        }
    }

    /// <summary>Whether the legacy database may be called now. Each true is followed by one of the calls below.</summary>
    public bool TryEnter()
    {
        lock (_gate)
        {
            if (_state == BreakerState.Closed)
            {
                return true;
            }

            var now = clock.GetTimestamp();
            if (now < _notBefore)
            {
                return false;
            }

            _state = BreakerState.HalfOpen;
            // Others wait for this probe, and no longer than it can take: its caller may be gone.
            _notBefore = After(s_probeMayTake);
            return true;
        }
    }

    /// <summary>A call was answered in time, and these many orders were compared.</summary>
    public void Succeeded(int verified, int mismatched)
    {
        lock (_gate)
        {
            Remember(failed: false);
            Add(verified, mismatched);
            var tooMany = _sum.Mismatched * 100L >= _sum.Verified * (long)options.Value.BreakerMismatchPercent
                && _sum.Mismatched > 0 && _sum.Verified >= Math.Max(1, options.Value.BreakerWindow / 10);
            if (tooMany || (_state == BreakerState.HalfOpen && mismatched > 0))
            {
                Open();
            }
            else if (_state == BreakerState.HalfOpen)
            {
                _notBefore = default;
                if (++_goodProbes >= ProbesToClose)
                {
                    _state = BreakerState.Closed;
                    _pause = s_shortestPause;
                }
            }
        }
    }

    /// <summary>A call failed, or took too long.</summary>
    public void Failed()
    {
        lock (_gate)
        {
            Remember(failed: true);
            if (_state == BreakerState.HalfOpen || _failures.Count(failed => failed) >= options.Value.BreakerFailures)
            {
                Open();
            }
        }
    }

    /// <summary>Nothing was asked after all; another may be the probe.</summary>
    public void Abandoned()
    {
        lock (_gate)
        {
            _notBefore = _state == BreakerState.HalfOpen ? default : _notBefore;
        }
    }

    private void Open()
    {
        if (_state == BreakerState.Open)
        {
            return;
        }

        _pause = _state == BreakerState.HalfOpen ? TimeSpan.FromTicks(Math.Min(_pause.Ticks * 2, s_longestPause.Ticks)) : s_shortestPause;
        _state = BreakerState.Open;
        _notBefore = After(_pause);
        _goodProbes = 0;
        _failures.Clear();
        _verifications.Clear();
        _sum = default;
    }

    private long After(TimeSpan pause) => clock.GetTimestamp() + (long)(pause.TotalSeconds * clock.TimestampFrequency);

    private void Remember(bool failed)
    {
        _failures.Enqueue(failed);
        if (_failures.Count > CallsRemembered)
        {
            _failures.Dequeue();
        }
    }

    private void Add(int verified, int mismatched)
    {
        _verifications.Enqueue((verified, mismatched));
        _sum = (_sum.Verified + verified, _sum.Mismatched + mismatched);
        while (_sum.Verified - _verifications.Peek().Verified >= options.Value.BreakerWindow)
        {
            var oldest = _verifications.Dequeue();
            _sum = (_sum.Verified - oldest.Verified, _sum.Mismatched - oldest.Mismatched);
        }
    }
}
