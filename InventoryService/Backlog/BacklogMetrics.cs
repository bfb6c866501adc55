using System.Diagnostics.Metrics;
using Seckill.Shared.Telemetry;

namespace Seckill.InventoryService.Backlog;

/// <summary>An item as it is measured.</summary>
/// <param name="Item">Sale and SKU; <c>other</c> for all that have no label of their own.</param>
/// <param name="Depth">Orders in the outbox.</param>
/// <param name="OldestSeconds">Age of the oldest of them.</param>
/// <param name="Available">Units for sale.</param>
/// <param name="Held">Units held.</param>
/// <param name="Allocated">Units given to the sale.</param>
internal sealed record ItemBacklog(string Item, long Depth, double OldestSeconds, long Available, long Held, long Allocated);

/// <summary>What stands and waits, as last seen. A store that is away says nothing here, rather than what it said before.</summary>
internal sealed class BacklogMetrics : IDisposable
{
    private readonly Meter _meter = new(Measurements.Name);

    public BacklogMetrics()
    {
        OfItems("seckill.outbox.depth", "{order}", "Orders reserved and not yet known to be in PostgreSQL.", item => item.Depth);
        _meter.CreateObservableGauge(
            "seckill.outbox.oldest_age", () => Items.Select(item => new Measurement<double>(item.OldestSeconds, Tag(item))), "s",
            "Age of the oldest order in the outbox.");
        OfItems("seckill.stock.available", "{unit}", "Units for sale, in Redis.", item => item.Available);
        OfItems("seckill.stock.held", "{unit}", "Units held by reservations and orders, in Redis.", item => item.Held);
        OfItems("seckill.stock.allocated", "{unit}", "Units given to the sale, in Redis.", item => item.Allocated);
        _meter.CreateObservableGauge(
            "seckill.queue.messages", () => Queues, "{message}", "Messages at the broker: work for the workers, and what none could read.");
        One("seckill.quarantine.orders", "{order}", "Orders that could not be persisted and wait for people.", () => Quarantined);
        One("seckill.refunds.listed", "{payment}", "Payments whose money must go back, counted up to ten thousand.", () => Refunds);
        One("seckill.returns.waiting", "{order}", "Closed orders whose stock is to come back, counted up to ten thousand.", () => Returns);
        One("seckill.returns.oldest_age", "s", "Time since the close of the oldest order whose stock is to come back.",
            () => OldestReturnSeconds);
    }

    public IReadOnlyList<ItemBacklog> Items { get; set; } = [];

    /// <summary>Null when unknown.</summary>
    public QueueDepth? Depths { get; set; }

    public long? Quarantined { get; set; }

    public long? Refunds { get; set; }

    public long? Returns { get; set; }

    public double? OldestReturnSeconds { get; set; }

    private IEnumerable<Measurement<long>> Queues => Depths is not { } depth ? [] :
    [
        new(depth.Waiting, new KeyValuePair<string, object?>("queue", "orders-reserved")),
        new(depth.Dead, new KeyValuePair<string, object?>("queue", "orders-reserved-dead")),
    ];

    public void Dispose() => _meter.Dispose();

    private static KeyValuePair<string, object?> Tag(ItemBacklog item) => new("item", item.Item);

    private void OfItems(string name, string unit, string text, Func<ItemBacklog, long> value) => _meter.CreateObservableGauge(
        name, () => Items.Select(item => new Measurement<long>(value(item), Tag(item))), unit, text);

    private void One<T>(string name, string unit, string text, Func<T?> value)
        where T : struct => _meter.CreateObservableGauge(
            name, () => value() is { } known ? new Measurement<T>[] { new(known) } : [], unit, text);
}
