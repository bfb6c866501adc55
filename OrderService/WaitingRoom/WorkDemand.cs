using System.Numerics;

namespace Seckill.OrderService.WaitingRoom;

/// <summary>
/// How much harder than the sale says the proof of work before a registration is now, at this instance: one bit for each doubling of the
/// registrations a second above what is calm. A rise is asked for at once and required half a minute later, so that no honest answer is
/// too small when it is ready.
/// </summary>
/// <param name="calmPerSecond">Registrations a second that need no more work than the sale asks for.</param>
/// <param name="clock">Of the seconds.</param>
internal sealed class WorkDemand(int calmPerSecond, TimeProvider clock)
{
    /// <summary>The most that it rises, bits: 64 times the work.</summary>
    public const int MaximumRise = 6;

    private const int GraceSeconds = 30;
    private readonly Lock _lock = new();
    private readonly long _began = clock.GetTimestamp();

    // Of the running second and those of the grace before it.
    private readonly int[] _registrations = new int[GraceSeconds + 1];
    private long _second;

    /// <summary>Bits above those of the sale: what a new challenge asks for, and what a solution needs that comes now.</summary>
    public (int Asked, int Required) Rise
    {
        get
        {
            lock (_lock)
            {
                Advance();
                var busiest = _registrations[(_second + GraceSeconds) % _registrations.Length];
                var calmest = busiest;
                for (var ago = 2; ago <= GraceSeconds; ago++)
                {
                    calmest = Math.Min(calmest, _registrations[(_second + _registrations.Length - ago) % _registrations.Length]);
                }

                return (Bits(busiest), Bits(calmest));
            }
        }
    }

    /// <summary>A buyer has solved a challenge.</summary>
    public void Count()
    {
        lock (_lock)
        {
            Advance();
            _registrations[_second % _registrations.Length]++;
        }
    }

    private void Advance()
    {
        var now = (long)clock.GetElapsedTime(_began).TotalSeconds;
        for (var steps = 0; _second < now && steps < _registrations.Length; steps++)
        {
            _registrations[++_second % _registrations.Length] = 0;
        }

        // Further ones were cleared already.
        if (_second < now)
        {
            _second = now;
        }
    }

    private int Bits(int registrations) => registrations <= calmPerSecond
        ? 0 : Math.Min(MaximumRise, 1 + BitOperations.Log2((uint)((registrations - 1) / calmPerSecond)));
}
