using System.Collections.Concurrent;
using System.Diagnostics;

namespace Seckill.InventoryService.Rebuild;

/// <summary>
/// (12) Waits until the messages that were in the queue have reached a worker. Redis may have lost their orders, and then only these
/// messages have them. The queue serves all sales and need never be empty; but it is first in, first out: when an order that was reserved
/// later has its row, all earlier messages have been delivered.
/// </summary>
internal sealed class QueueDrain(NpgsqlDataSource database, BrokerClient broker, IOptions<RebuildOptions> options)
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);

    // A small entry for each attempt of each job in the life of this process.
    private readonly ConcurrentDictionary<string, Lazy<Task>> _waits = new();

    /// <summary>The items of an attempt wait together, and only once. The wait has a timeout: see decision 9.</summary>
    /// <param name="attempt">Name of the attempt.</param>
    /// <param name="since">Redis time, not before the loss.</param>
    public Task WaitAsync(string attempt, DateTimeOffset since, CancellationToken cancellationToken) =>
        _waits.GetOrAdd(attempt, _ => new Lazy<Task>(() => WaitAsync(since, cancellationToken))).Value;

    private async Task WaitAsync(DateTimeOffset since, CancellationToken cancellationToken)
    {
        var startedAt = Stopwatch.GetTimestamp();
        while (await broker.FindQueueAsync(OrdersReservedPublisher.QueueName) is not { Messages: 0 }
            && !await IsLaterOrderPlacedAsync(since, cancellationToken)
            && Stopwatch.GetElapsedTime(startedAt).TotalMilliseconds < options.Value.DrainMilliseconds)
        {
            await Task.Delay(s_pause, cancellationToken);
        }
    }

    // The newest order of each item is the last of its primary key. An order that was paid or cancelled may have its row without a message.
    private Task<bool> IsLaterOrderPlacedAsync(DateTimeOffset since, CancellationToken cancellationToken) =>
        database.SingleAsync<bool>(
            """
            select exists (
              select from sale_items i
              join sales s on s.sale_id = i.sale_id
              cross join lateral (select reserved_at, status from orders_of(i) order by order_id desc limit 1) newest
              where warmed_at is not null and now() between s.opens_at and s.closes_at + interval '1 hour'
                and newest.reserved_at > @since and newest.status = 'placed')
            """,
            new { since },
            cancellationToken);
}
