using System.Diagnostics;
using Npgsql;
using Seckill.LoadTests.Results;

namespace Seckill.LoadTests.Books;

/// <summary>
/// Counts a sale's order rows continuously, so that the moment of the last one is observed. The moment is late by at most one pause and
/// one count, and never early.
/// </summary>
public sealed class PersistenceWatch : IAsyncDisposable
{
    private const int ShortestPauseMs = 20;
    private const int LongestPauseMs = 200;
    private readonly OrderReader _orders;
    private readonly long _saleId;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _watching;
    private long _count;
    private long _lastChange;

    /// <param name="orders">PostgreSQL.</param>
    /// <param name="saleId">The sale.</param>
    public PersistenceWatch(OrderReader orders, long saleId)
    {
        (_orders, _saleId) = (orders, saleId);
        _watching = WatchAsync(_stop.Token);
    }

    /// <summary>Ends the counting.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _watching;
    }

    /// <summary>Time from a Stopwatch timestamp to the last row, for people.</summary>
    public string Since(long timestamp) => timestamp == 0 || _count == 0 ? "–"
        : Amount.Text(_lastChange > timestamp ? Stopwatch.GetElapsedTime(timestamp, _lastChange) : TimeSpan.Zero);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
    }

    private async Task WatchAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var started = Stopwatch.GetTimestamp();
            try
            {
                var count = await _orders.CountAsync(_saleId, stop);
                if (count != _count)
                {
                    (_lastChange, _count) = (Stopwatch.GetTimestamp(), count);
                }
            }
            catch (Exception error) when (error is NpgsqlException or TimeoutException or OperationCanceledException)
            {
                // PostgreSQL may be down for a while; the audit reports what is missing then.
            }

            // Counting a large table must not take a large share of the measured server; yet a slow count must not delay the next
            // one for long.
            var rest = Math.Clamp(Stopwatch.GetElapsedTime(started).TotalMilliseconds * 4, ShortestPauseMs, LongestPauseMs);
            await Task.Delay(TimeSpan.FromMilliseconds(rest), stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
