using System.Collections.Concurrent;
using System.ComponentModel.DataAnnotations;
using System.Threading.Channels;
using Seckill.OrderService.Orders;

namespace Seckill.OrderService.OrderEvents;

/// <summary>Settings under <c>Events</c>.</summary>
public sealed class EventOptions
{
    /// <summary>A stream without an event for this long gets a comment, so that no proxy closes it.</summary>
    [Range(1, 3_600)] public int KeepAliveSeconds { get; set; } = 15;

    /// <summary>Streams that one instance keeps open; one more gets 503.</summary>
    [Range(1, 1_000_000)] public int MostStreams { get; set; } = 20_000;

    /// <summary>Streams of one order that one instance keeps open; one more ends the oldest.</summary>
    [Range(1, 1_000_000)] public int MostStreamsOfOrder { get; set; } = 3;

    /// <summary>Streams of one buyer that one instance keeps open; one more ends the oldest.</summary>
    [Range(1, 1_000_000)] public int MostStreamsOfUser { get; set; } = 10;
}

/// <summary>
/// Passes changes of orders to their open streams. One query, five times a second, covers all streams at once, so a stream costs
/// neither a thread nor a database connection, and every change is found, whichever process made it.
/// </summary>
internal sealed partial class OrderEventHub(
    NpgsqlDataSource database, IOptions<EventOptions> options, IHostApplicationLifetime lifetime, TimeProvider clock,
    ILogger<OrderEventHub> logger) : PeriodicService(clock)
{
    private const int OrdersInAQuery = 5_000;
    private static readonly TimeSpan s_keepAliveInterval = TimeSpan.FromMilliseconds(250);
    private readonly ConcurrentDictionary<Stream, bool> _streams = new();

    // Those of each buyer, the oldest first; under its own lock.
    private readonly Dictionary<long, List<Stream>> _ofUsers = [];
    private readonly Meter _meter = new(Measurements.Name);

    public int OpenStreams => _streams.Count;
    private int KeepAliveSeconds => options.Value.KeepAliveSeconds;

    /// <summary>Starts to watch an order; null when too many are watched already, or the process stops. Dispose to end it.</summary>
    /// <param name="order">As it is now. Later changes go to the stream.</param>
    /// <param name="userId">Its buyer, whose oldest stream ends when there are too many.</param>
    /// <param name="expiresAt">When the stream ends: with the buyer's token, unix seconds.</param>
    public Stream? Open(OrderView order, long userId, double expiresAt)
    {
        var stream = new Stream(this, order, userId, expiresAt);
        _streams[stream] = true;
        MakeRoom(stream);
        // Checked after the stream is added: either the stop finds the stream and ends it, or this check finds the stop.
        if (!lifetime.ApplicationStopping.IsCancellationRequested && OpenStreams <= options.Value.MostStreams)
        {
            return stream;
        }

        stream.Dispose();
        return null;
    }

    public override void Dispose()
    {
        _meter.Dispose();
        base.Dispose();
    }

    // An event is late by at most this and the duration of the query.
    protected override TimeSpan Interval => TimeSpan.FromMilliseconds(200);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        _meter.CreateObservableGauge("seckill.events.streams", () => OpenStreams, "{stream}", "Open streams of order events.");
        // Open streams would delay the stop of the process. Their clients reconnect with Last-Event-ID, to another instance.
        await using var stopping = lifetime.ApplicationStopping.Register(() => ForEach(stream => stream.End()));
        // Beside the queries: while the database does not answer, the streams must be kept alive.
        await using var keepAlive = Clock.CreateTimer(
            _ => ForEach(stream => stream.KeepAliveOrEnd()), null, s_keepAliveInterval, s_keepAliveInterval);
        await base.ExecuteAsync(stoppingToken);
    }

    protected override async Task RunRoundAsync(CancellationToken stoppingToken)
    {
        foreach (var streams in _streams.Keys.Chunk(OrdersInAQuery))
        {
            await LookForChangesAsync(streams, stoppingToken);
        }
    }

    protected override void OnOutage(Exception exception) => LogFailed(exception.Message);

    private void MakeRoom(Stream stream)
    {
        lock (_ofUsers)
        {
            if (!_ofUsers.TryGetValue(stream.UserId, out var own))
            {
                _ofUsers.Add(stream.UserId, own = []);
            }

            own.Add(stream);
            EndOldest(own, [.. own.Where(one => one.Order.OrderId == stream.Order.OrderId)], options.Value.MostStreamsOfOrder);
            EndOldest(own, [.. own], options.Value.MostStreamsOfUser);
        }

        static void EndOldest(List<Stream> own, List<Stream> some, int most)
        {
            foreach (var one in some.Take(some.Count - most))
            {
                own.Remove(one);
                one.End();
            }
        }
    }

    private void Forget(Stream stream)
    {
        _streams.TryRemove(stream, out _);
        lock (_ofUsers)
        {
            if (_ofUsers.TryGetValue(stream.UserId, out var own))
            {
                own.Remove(stream);
                if (own.Count == 0)
                {
                    _ofUsers.Remove(stream.UserId);
                }
            }
        }
    }

    private void ForEach(Action<Stream> action)
    {
        foreach (var stream in _streams.Keys)
        {
            action(stream);
        }
    }

    private async Task LookForChangesAsync(Stream[] streams, CancellationToken cancellationToken)
    {
        var changes = await database.QueryAsync<(int Index, string Status, DateTime PlacedAt, DateTime PayBy)>(
            """
            select w.index::int, o.status, o.placed_at, o.pay_by
            from unnest(@ids, @known) with ordinality as w (id, known, index)
            cross join lateral (select * from orders where order_id = w.id and status <> w.known offset 0) o
            """,
            new
            {
                ids = streams.Select(stream => stream.Order.OrderId).ToArray(),
                known = streams.Select(stream => stream.Order.Status.ToText()).ToArray(),
            },
            cancellationToken);
        foreach (var (index, status, placedAt, payBy) in changes)
        {
            streams[index - 1].Publish(OrderStatusText.Parse(status), placedAt, payBy);
        }
    }

    [LoggerMessage(510, LogLevel.Warning, "Could not look for order events; streams wait for PostgreSQL: {Reason}")]
    private partial void LogFailed(string reason);

    /// <summary>The changes of one order.</summary>
    internal sealed class Stream(OrderEventHub events, OrderView order, long userId, double expiresAt) : IDisposable
    {
        private readonly Channel<OrderView?> _news =
            Channel.CreateUnbounded<OrderView?>(new() { SingleReader = true, AllowSynchronousContinuations = false });

        private long _quietSince = events.Clock.GetTimestamp();

        public long UserId => userId;

        /// <summary>As last published to the stream. Written by the one loop that looks for changes.</summary>
        public OrderView Order { get; private set; } = order;

        /// <summary>The order after each change; null to keep the connection alive. Complete when the process stops.</summary>
        public ChannelReader<OrderView?> News => _news.Reader;

        public void Dispose() => events.Forget(this);

        internal void Publish(OrderStatus status, DateTime placedAt, DateTime payBy)
        {
            Order = Order with { Status = status, PlacedAt = placedAt, PayBy = payBy };
            Write(Order);
        }

        internal void KeepAliveOrEnd()
        {
            if (events.Clock.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0 >= expiresAt)
            {
                End();
            }
            else if (events.Clock.GetElapsedTime(Interlocked.Read(ref _quietSince)).TotalSeconds >= events.KeepAliveSeconds)
            {
                Write(null);
            }
        }

        internal void End() => _news.Writer.TryComplete();

        private void Write(OrderView? news)
        {
            Interlocked.Exchange(ref _quietSince, events.Clock.GetTimestamp());
            _news.Writer.TryWrite(news);
        }
    }
}
