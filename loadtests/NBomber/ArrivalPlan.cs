using System.Diagnostics;
using NBomber.Contracts;
using NBomber.CSharp;
using Seckill.LoadTests.Engine;

namespace Seckill.LoadTests.NBomber;

/// <summary>
/// The arrivals of an open loop as NBomber can send them: a whole number of visitors in each second, exactly as many as the scenario has
/// in it. No load simulation is shorter than a second, and none takes a fraction of a visitor.
/// </summary>
public sealed class ArrivalPlan
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);
    private readonly long[] _countBySecond;
    private long _startedAt;

    /// <param name="arrivals">As the scenario plans them.</param>
    public ArrivalPlan(Arrivals arrivals)
    {
        ArgumentNullException.ThrowIfNull(arrivals);
        _countBySecond = [.. Enumerable.Range(1, (int)Math.Ceiling(arrivals.Seconds - 1e-6)).Select(second => arrivals.CountBy(second))];
    }

    /// <summary>One for each row of seconds with the same number of visitors.</summary>
    public LoadSimulation[] Simulations
    {
        get
        {
            var rows = new List<(int Rate, int Seconds)>();
            var before = 0L;
            foreach (var count in _countBySecond)
            {
                var rate = (int)(count - before);
                before = count;
                if (rows is [.., var last] && last.Rate == rate)
                {
                    rows[^1] = (rate, last.Seconds + 1);
                }
                else
                {
                    rows.Add((rate, 1));
                }
            }

            return [.. rows.Select(row => row.Rate == 0
                ? Simulation.Pause(row.Seconds * s_second) : Simulation.Inject(row.Rate, s_second, row.Seconds * s_second))];
        }
    }

    /// <summary>
    /// The moment from which the latency of a visitor counts. NBomber spreads the visitors of a second over it, so a visitor is late only
    /// when it begins after its second.
    /// </summary>
    /// <param name="number">Zero-based visitor index.</param>
    /// <param name="now">When NBomber begins the visit (Stopwatch timestamp).</param>
    public long DueAt(long number, long now)
    {
        // As if the first visitor came at the beginning of its second: up to a second too generous, never too strict.
        Interlocked.CompareExchange(ref _startedAt, now, 0);
        var seconds = SecondOf(number) - SecondOf(0) + 1;
        return Math.Min(now, Volatile.Read(ref _startedAt) + (seconds * Stopwatch.Frequency));
    }

    // A visitor beyond the plan belongs to the last second.
    private int SecondOf(long number)
    {
        var index = Array.BinarySearch(_countBySecond, number + 1);
        if (index < 0)
        {
            return Math.Min(~index, _countBySecond.Length - 1);
        }

        // Of several seconds with the same count, the first has the visitor.
        while (index > 0 && _countBySecond[index - 1] == number + 1)
        {
            index--;
        }

        return index;
    }
}
