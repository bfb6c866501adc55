using System.Collections.Concurrent;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Dapper;
using Npgsql;

namespace Seckill.OrderService.Ordering;

/// <summary>
/// Tells open streams of changes to their orders. One query a few times a second asks for all of them at once, so a stream costs
/// neither a thread nor a database connection, and a change is found however it came about.
/// </summary>
internal sealed partial class OrderEvents(
    NpgsqlDataSource database, IHostApplicationLifetime lifetime, TimeProvider clock, ILogger<OrderEvents> logger) : BackgroundService
{
    private const int OrdersInAQuery = 5_000;
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(200);
    private readonly ConcurrentDictionary<long, Stream> _streams = new();
    private long _nextStream;

    /// <summary>
    /// The statuses that an order has had and will have, each once, after the one with id <paramref name="lastSeen"/>; ends at a
    /// final status. The id of an event is its place in the life of the order: 1 reserved, 2 placed, 3 final.
    /// </summary>
    /// <param name="order">As it is now.</param>
    /// <param name="lastSeen">What the client has seen already; 0 for nothing.</param>
    /// <param name="cancellationToken">Ends the stream.</param>
    public async IAsyncEnumerable<SseItem<OrderView>> FollowAsync(
        OrderView order, int lastSeen, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var stream = new Stream(order);
        var id = Interlocked.Increment(ref _nextStream);
        _streams[id] = stream;
        try
        {
            while (true)
            {
                foreach (var status in LifeOf(order.Status).Where(status => Place(status) > lastSeen))
                {
                    lastSeen = Place(status);
                    yield return new SseItem<OrderView>(order with { Status = status }, "status") { EventId = $"{lastSeen}" };
                }

                // Open streams would hold up the stop of the process; their clients come back to another instance.
                if (lastSeen == Place("paid") || lifetime.ApplicationStopping.IsCancellationRequested
                    || !await stream.Changes.Reader.WaitToReadAsync(cancellationToken) || !stream.Changes.Reader.TryRead(out order!))
                {
                    yield break;
                }
            }
        }
        finally
        {
            _streams.TryRemove(id, out _);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(s_interval, clock);
        await using var stopping = lifetime.ApplicationStopping.Register(() =>
        {
            foreach (var stream in _streams.Values)
            {
                stream.Changes.Writer.TryComplete();
            }
        });
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await LookForChangesAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The process stops, and the streams with it; their clients come back with Last-Event-ID.
        }
    }

    private async Task LookForChangesAsync(CancellationToken cancellationToken)
    {
        try
        {
            foreach (var streams in _streams.Values.Chunk(OrdersInAQuery))
            {
                await LookForChangesAsync(streams, cancellationToken);
            }
        }
        catch (Exception exception) when (exception is NpgsqlException or TimeoutException)
        {
            LogFailed(exception.Message);
        }
    }

    private async Task LookForChangesAsync(Stream[] streams, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var changes = await connection.QueryAsync<(int Index, string Status, DateTime PlacedAt, DateTime PayBy)>(new CommandDefinition(
            """
            select w.index::int, o.status, o.placed_at, o.pay_by
            from unnest(@ids, @known) with ordinality as w (id, known, index)
            join orders o on o.order_id = w.id and o.status <> w.known
            """,
            new
            {
                ids = streams.Select(stream => stream.Order.OrderId).ToArray(),
                known = streams.Select(stream => stream.Order.Status).ToArray(),
            },
            cancellationToken: cancellationToken));
        foreach (var (index, status, placedAt, payBy) in changes)
        {
            var stream = streams[index - 1];
            stream.Order = stream.Order with { Status = status, PlacedAt = placedAt, PayBy = payBy };
            stream.Changes.Writer.TryWrite(stream.Order);
        }
    }

    private static string[] LifeOf(string status) => status switch
    {
        "reserved" => ["reserved"],
        "placed" => ["reserved", "placed"],
        "rejected" => ["reserved", "rejected"],
        _ => ["reserved", "placed", status],
    };

    private static int Place(string status) => status switch { "reserved" => 1, "placed" => 2, _ => 3 };

    [LoggerMessage(510, LogLevel.Warning, "Streams of order events wait, for PostgreSQL does not answer: {Reason}")]
    private partial void LogFailed(string reason);

    private sealed class Stream(OrderView order)
    {
        /// <summary>As the stream was told last. Written by the one loop only.</summary>
        public OrderView Order { get; set; } = order;

        public Channel<OrderView> Changes { get; } = Channel.CreateUnbounded<OrderView>(new() { SingleReader = true, SingleWriter = true });
    }
}
