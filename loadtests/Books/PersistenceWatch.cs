using System.Diagnostics;
using Npgsql;

namespace Seckill.LoadTests.Books;

/// <summary>
/// Counts a sale's order rows all the time, so that the moment at which the last one appeared is seen and not guessed.
/// The moment is late by at most one pause and one count, and never early.
/// </summary>
/// <param name="orders">PostgreSQL.</param>
/// <param name="saleId">The sale.</param>
public sealed class PersistenceWatch(OrderReader orders, long saleId)
{
    private const int ShortestPauseMs = 20;
    private const int LongestPauseMs = 200;

    private long _count;
    private long _lastChange = Stopwatch.GetTimestamp();

    /// <summary>Order rows seen so far.</summary>
    public long Count => Volatile.Read(ref _count);

    /// <summary>Stopwatch timestamp at which the count last grew.</summary>
    public long LastChange => Volatile.Read(ref _lastChange);

    /// <summary>Why PostgreSQL could not be asked the last time; null when it answered.</summary>
    public string? Outage { get; private set; }

    /// <summary>Watches until stopped. A PostgreSQL that is away is asked again.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var started = Stopwatch.GetTimestamp();
            try
            {
                var count = await orders.CountAsync(saleId, stop);
                if (count != _count)
                {
                    Volatile.Write(ref _lastChange, Stopwatch.GetTimestamp());
                    Volatile.Write(ref _count, count);
                }

                Outage = null;
            }
            catch (Exception error) when (error is NpgsqlException or TimeoutException)
            {
                Outage = error.Message;
            }
            catch (OperationCanceledException)
            {
                return;
            }

            // Counting a large table must not take a large share of the server that is being measured; yet a count that was
            // slow because the machine was busy must not put off the next one for long.
            var rest = Math.Clamp(Stopwatch.GetElapsedTime(started).TotalMilliseconds * 4, ShortestPauseMs, LongestPauseMs);
            await Task.Delay(TimeSpan.FromMilliseconds(rest), stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
