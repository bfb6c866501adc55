using System.Diagnostics;
using Npgsql;

namespace Seckill.LoadTests.Books;

/// <summary>
/// Counts a sale's order rows all the time, so that the moment at which the last one appeared is seen and not guessed.
/// The moment is late by at most one interval and never early.
/// </summary>
/// <param name="orders">PostgreSQL.</param>
/// <param name="saleId">The sale.</param>
public sealed class PersistenceWatch(OrderBooks orders, long saleId)
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(20);

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

            // Counting a large table takes a while; it must not take a large share of the server that is being measured.
            var rest = Stopwatch.GetElapsedTime(started) * 4;
            await Task.Delay(rest > s_interval ? rest : s_interval, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
