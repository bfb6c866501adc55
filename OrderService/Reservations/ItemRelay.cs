using System.Collections.Concurrent;
using System.Diagnostics;

namespace Seckill.OrderService.Reservations;

/// <summary>(5) Publishes the reserved orders of one item, in the order of their reservation, one message at a time.</summary>
internal sealed class ItemRelay
{
    private static readonly KeyValuePair<string, object?> s_published = new("outcome", "published");
    private static readonly KeyValuePair<string, object?> s_failed = new("outcome", "failed");
    private static readonly KeyValuePair<string, object?> s_dropped = new("outcome", "dropped");
    private readonly OutboxRelay _relay;
    private readonly ItemKey _key;
    private readonly string _name;
    private readonly BatchQueue<ReservedOrder> _queue;
    private readonly ConcurrentDictionary<string, ActivityContext> _traces = new();
    private int _traced;
    private ItemTerms? _terms;

    public ItemRelay(OutboxRelay relay, ItemKey item)
    {
        var settings = relay.Options;
        _relay = relay;
        _key = item;
        _name = item.ToString();
        _queue = new(settings.QueueCapacity, settings.MaxBatch, maxCallsInFlight: 1, () => new Publish(this));
    }

    /// <summary>Counts what the item does.</summary>
    public ReservationMetrics Metrics => _relay.Metrics;

    /// <summary>Orders that wait to be published.</summary>
    public int Count => _queue.Count;

    /// <summary>True while no order waits and no message is in flight.</summary>
    public bool IsIdle => _queue is { Count: 0, CallsInFlight: 0 };

    /// <summary>Adds an order; when too many wait already, it is left to the sweeper.</summary>
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
            Metrics.Published.Add(1, s_dropped);
        }
    }

    // Kept apart from the orders, because few requests are sampled; while none is, this costs one read.
    private TracedOrder? Trace(in ReservedOrder order)
    {
        if (Volatile.Read(ref _traced) == 0 || !_traces.TryRemove(order.OrderId, out var request))
        {
            return null;
        }

        Interlocked.Decrement(ref _traced);
        return new TracedOrder(order.OrderId, request);
    }

    private sealed class Publish(ItemRelay item) : BatchQueue<ReservedOrder>.ICall
    {
        private readonly List<TracedOrder> _traced = [];
        private List<ReservedOrder> _orders = [];

        public bool Add(ReservedOrder order)
        {
            _orders.Add(order);
            if (item.Trace(order) is { } traced)
            {
                _traced.Add(traced);
            }

            return true;
        }

        public async Task SendAsync()
        {
            using var trace = BatchTrace.Start("publish", ActivityKind.Producer, item._name, _orders.Count, _traced);
            try
            {
                FailPoint.Reach("5-not-published");
                await item._relay.PublishAsync(
                    new OrdersReserved(item._key.SaleId, item._key.SkuId, item._terms!.UnitPrice, item._terms.Currency, _orders),
                    _traced);
                FailPoint.Reach("5-published");
                item.Metrics.Published.Add(_orders.Count, s_published);
                item.Metrics.RelayLag.Record(item._relay.AgeSeconds(_orders[0]));
                _orders.Clear();
            }
#pragma warning disable CA1031 // Whatever the client library throws, the sweeper publishes the orders.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                item.Metrics.Published.Add(_orders.Count, s_failed);
                // The client library may still read the old list.
                _orders = [];
                trace?.Fail(exception.Message);
                item._relay.Warn(item._name, exception);
            }

            _traced.Clear();
        }
    }
}
