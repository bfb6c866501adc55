using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.Options;
using Seckill.Shared.Contracts;
using Seckill.Shared.Hosting;
using Seckill.Shared.Stock;

namespace Seckill.OrderService.Reservations;

/// <summary>
/// (5) Publishes what was just reserved, off the request path and in batches. Whatever it drops or fails to publish is in the
/// outbox, so it does nothing clever about failures: the sweeper publishes it a few seconds later.
/// </summary>
internal sealed partial class OutboxRelay(
    OrdersReservedPublisher publisher, IOptions<RelayOptions> options, TimeProvider clock, ILogger<OutboxRelay> logger)
{
    private static readonly KeyValuePair<string, object?> s_published = new("outcome", "published");
    private static readonly KeyValuePair<string, object?> s_failed = new("outcome", "failed");
    private static readonly KeyValuePair<string, object?> s_dropped = new("outcome", "dropped");
    private static readonly TimeSpan s_quiet = TimeSpan.FromSeconds(5);
    private long _lastComplaint;

    /// <summary>The way out for the orders of one item.</summary>
    public Way Open(ItemKey item) => new(this, item);

    private void Complain(string item, Exception exception)
    {
        // An outage fails every batch; one line now and then says enough.
        var last = Interlocked.Read(ref _lastComplaint);
        if ((last == 0 || clock.GetElapsedTime(last) > s_quiet)
            && Interlocked.CompareExchange(ref _lastComplaint, clock.GetTimestamp(), last) == last)
        {
            LogNotPublished(item, exception.Message);
        }
    }

    [LoggerMessage(200, LogLevel.Warning, "Reserved orders of {Item} were not published; the sweeper will: {Reason}")]
    private partial void LogNotPublished(string item, string reason);

    /// <summary>Orders of one item, in the order of their reservation, on their way to the broker.</summary>
    internal sealed class Way
    {
        private readonly OutboxRelay _relay;
        private readonly ItemKey _item;
        private readonly string _name;
        private readonly BatchQueue<ReservedOrder> _queue;
        private readonly ConcurrentDictionary<string, ActivityContext> _traces = new();
        private int _traced;
        private ItemTerms? _terms;

        public Way(OutboxRelay relay, ItemKey item)
        {
            var settings = relay.Options;
            _relay = relay;
            _item = item;
            _name = item.ToString();
            _queue = new(settings.QueueCapacity, settings.MaxBatch, maxCallsInFlight: 1, () => new Publish(this));
        }

        /// <summary>Orders that wait to be published.</summary>
        public int Count => _queue.Count;

        /// <summary>True while nothing waits and nothing is on its way.</summary>
        public bool IsIdle => _queue is { Count: 0, CallsInFlight: 0 };

        /// <summary>Takes an order along.</summary>
        public void Add(in ReservedOrder order, ItemTerms terms, ActivityContext request = default)
        {
            _terms = terms;
            if (request != default && _traces.TryAdd(order.OrderId, request))
            {
                Interlocked.Increment(ref _traced);
            }

            if (!_queue.TryAdd(order))
            {
                _ = Trace(order);
                ReservationMetrics.Published.Add(1, s_dropped);
            }
        }

        // Aside, because so few orders have one; and then nobody looks.
        private TracedOrder? Trace(in ReservedOrder order)
        {
            if (Volatile.Read(ref _traced) == 0 || !_traces.TryRemove(order.OrderId, out var request))
            {
                return null;
            }

            Interlocked.Decrement(ref _traced);
            return new TracedOrder(order.OrderId, request);
        }

        private sealed class Publish(Way way) : BatchQueue<ReservedOrder>.ICall
        {
            private readonly List<TracedOrder> _traced = [];
            private List<ReservedOrder> _orders = [];

            public bool Add(ReservedOrder order)
            {
                _orders.Add(order);
                if (way.Trace(order) is { } traced)
                {
                    _traced.Add(traced);
                }

                return true;
            }

            public async Task SendAsync()
            {
                using var trace = BatchTrace.Start("publish", ActivityKind.Producer, way._name, _orders.Count, _traced);
                try
                {
                    FailPoint.Reach("5-not-published");
                    await way._relay.Publisher.PublishAsync(
                        new OrdersReserved(way._item.SaleId, way._item.SkuId, way._terms!.UnitPrice, way._terms.Currency, _orders),
                        _traced);
                    FailPoint.Reach("5-published");
                    ReservationMetrics.Published.Add(_orders.Count, s_published);
                    ReservationMetrics.RelayLag.Record(way._relay.AgeSeconds(_orders[0]));
                    _orders.Clear();
                }
#pragma warning disable CA1031 // Whatever the broker's client throws, the answer is the same: the sweeper publishes it.
                catch (Exception exception)
#pragma warning restore CA1031
                {
                    ReservationMetrics.Published.Add(_orders.Count, s_failed);
                    // The client may yet read the old list.
                    _orders = [];
                    trace?.Fail(exception.Message);
                    way._relay.Complain(way._name, exception);
                }

                _traced.Clear();
            }
        }
    }

    // The clocks of two machines: a little less than nothing is nothing.
    private double AgeSeconds(in ReservedOrder order) => Math.Max(0, (clock.GetUtcNow() - order.ReservedAt).TotalSeconds);

    private OrdersReservedPublisher Publisher => publisher;

    private RelayOptions Options => options.Value;
}
