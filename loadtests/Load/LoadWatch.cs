using System.Diagnostics;
using Seckill.LoadTests.Client;
using Seckill.LoadTests.Engine;
using Seckill.LoadTests.Results;

namespace Seckill.LoadTests.Load;

/// <summary>Samples a run once a second: answers, stock, backlog, and the generator's own use of the machine.</summary>
/// <param name="recorder">The answers.</param>
/// <param name="ops">For stock and backlog.</param>
/// <param name="saleId">The sale.</param>
public sealed class LoadWatch(Recorder recorder, OpsClient ops, long saleId)
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);
    // Answers that were being counted when the second ended are in its tally by then.
    private static readonly TimeSpan s_settle = TimeSpan.FromMilliseconds(20);
    private readonly List<SecondSample> _seconds = [];
    private (long? Stock, long? Backlog) _stores;
    private TimeSpan _cpu = Environment.CpuUsage.TotalTime;
    private (long Busy, long All) _ticks = Machine.Ticks();
    private long _lastAt;

    /// <summary>The seconds so far.</summary>
    public IReadOnlyList<SecondSample> Seconds
    {
        get
        {
            lock (_seconds)
            {
                return [.. _seconds];
            }
        }
    }

    /// <summary>Looks until <paramref name="work"/> is over.</summary>
    /// <param name="work">The run, which has just begun; its exception is not observed here.</param>
    /// <param name="show">Called after each second.</param>
    public async Task RunAsync(Task work, Action<SecondSample> show)
    {
        using var over = new CancellationTokenSource();
        (_lastAt, _cpu, _ticks) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime, Machine.Ticks());
        var startedAt = _lastAt;
        var asking = AskStoresAsync(over.Token);
        for (var (second, isOver) = (1, false); !isOver; second++)
        {
            var rest = (second * s_second) - Stopwatch.GetElapsedTime(startedAt);
            if (rest > TimeSpan.Zero)
            {
                await Task.WhenAny(work, Task.Delay(rest));
            }

            isOver = work.IsCompleted;
            if (isOver)
            {
                // The last second shows how it ended.
                await over.CancelAsync();
                await asking;
                await AskOnceAsync(CancellationToken.None);
            }

            var sample = await TakeAsync(startedAt);
            lock (_seconds)
            {
                _seconds.Add(sample);
            }

            show(sample);
        }
    }

    private async Task<SecondSample> TakeAsync(long startedAt)
    {
        var now = Stopwatch.GetTimestamp();
        var (cpu, ticks) = (Environment.CpuUsage.TotalTime, Machine.Ticks());
        var tally = recorder.NextSecond();
        var visitors = recorder.Visitors;
        await Task.Delay(s_settle);
        var latency = tally.Latency();
        double Milliseconds(double percent) => latency.Percentile(percent) / 1000.0;
        var sample = new SecondSample(
            Stopwatch.GetElapsedTime(startedAt, now).TotalSeconds,
            tally.Arrivals,
            Outcome.All.Select(outcome => (outcome.Name, Count: tally.Count(other => other == outcome)))
                .Where(entry => entry.Count > 0).ToDictionary(entry => entry.Name, entry => entry.Count),
            Milliseconds(50), Milliseconds(95), Milliseconds(99), Milliseconds(99.9),
            visitors, _stores.Stock, _stores.Backlog, tally.Lateness.Percentile(99) / 1000.0,
            (cpu - _cpu) / Stopwatch.GetElapsedTime(_lastAt, now),
            ticks.All == _ticks.All ? 0 : (double)(ticks.Busy - _ticks.Busy) / (ticks.All - _ticks.All));
        (_lastAt, _cpu, _ticks) = (now, cpu, ticks);
        return sample;
    }

    // Beside the seconds: operations that answer late must not make a second longer.
    private async Task AskStoresAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var startedAt = Stopwatch.GetTimestamp();
            await AskOnceAsync(stop);
            // At most a fifth of the time is spent on it: a sale may have many items.
            var pause = Math.Clamp(Stopwatch.GetElapsedTime(startedAt).TotalMilliseconds * 4, 400, 5_000);
            await Task.Delay(TimeSpan.FromMilliseconds(pause), stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task AskOnceAsync(CancellationToken stop)
    {
        try
        {
            var ledger = await ops.LedgerAsync(saleId, stop);
            _stores = (ledger.Sum(item => item.Available), await ops.BacklogAsync(saleId, stop));
        }
        catch (Exception error) when (error is HttpRequestException or OperationCanceledException)
        {
            _stores = default;
        }
    }
}
