using System.ComponentModel.DataAnnotations;
using Seckill.InventoryService.Sales;

namespace Seckill.InventoryService.Backlog;

/// <summary>Settings under <c>Backlog</c>.</summary>
public sealed class BacklogOptions
{
    /// <summary>Maximum number of sale items with a label of their own in the metrics; all others are added up as <c>other</c>.</summary>
    [Range(1, 1_000)] public int MostItems { get; set; } = 100;
}

/// <summary>A sale item in the metrics.</summary>
/// <param name="Item">Sale and SKU; <c>other</c> for all items that have no label of their own.</param>
/// <param name="Depth">Orders in the outbox.</param>
/// <param name="OldestSeconds">Age of the oldest of them.</param>
/// <param name="Available">Units for sale.</param>
/// <param name="Held">Units held.</param>
/// <param name="Allocated">Units given to the sale.</param>
internal sealed record ItemBacklog(string Item, long Depth, double OldestSeconds, long Available, long Held, long Allocated);

/// <summary>Stock and outbox of each item that can change, in Redis. An item that cannot be read is missing.</summary>
internal sealed class StockBacklog : BacklogReader<IReadOnlyDictionary<ItemKey, ItemStock>>
{
    private static readonly TimeSpan s_afterTheSale = TimeSpan.FromHours(1);
    private readonly StockReader _reader;
    private readonly ActiveItems _items;
    private readonly int _maximumItems;
    private volatile IReadOnlyList<ItemBacklog> _labelled = [];

    public StockBacklog(
        StockReader reader, ActiveItems items, IOptions<BacklogOptions> options, TimeProvider clock, ILogger<StockBacklog> logger)
        : base("Redis", clock, logger)
    {
        (_reader, _items, _maximumItems) = (reader, items, options.Value.MostItems);
        Gauge("seckill.outbox.depth", "{order}", "Orders reserved and not yet known to be in PostgreSQL.", item => item.Depth);
        Gauge("seckill.outbox.oldest_age", "s", "Age of the oldest order in the outbox.", item => item.OldestSeconds);
        Gauge("seckill.stock.available", "{unit}", "Units for sale, in Redis.", item => item.Available);
        Gauge("seckill.stock.held", "{unit}", "Units held by reservations and orders, in Redis.", item => item.Held);
        Gauge("seckill.stock.allocated", "{unit}", "Units given to the sale, in Redis.", item => item.Allocated);
    }

    /// <summary>Items with orders in the outbox or a sale that is on, the deepest outbox first; the rest is one more item.</summary>
    internal static IReadOnlyList<ItemBacklog> Label(IEnumerable<KeyValuePair<ItemKey, ItemStock>> items, int maximum)
    {
        ItemBacklog[] shown =
        [
            .. items.Where(item => item.Value.Snapshot is { } now && (now.OutboxDepth > 0 || IsOn(now)))
                .Select(item => Backlog(item.Key, item.Value.Snapshot!, item.Value.OldestSeconds))
                .OrderByDescending(item => item.Depth).ThenByDescending(item => item.Held)
                .ThenBy(item => item.Item, StringComparer.Ordinal),
        ];
        var others = shown[Math.Min(maximum, shown.Length)..];
        return others.Length == 0
            ? shown
            :
            [
                .. shown[..maximum],
                new ItemBacklog(
                    "other", others.Sum(item => item.Depth), others.Max(item => item.OldestSeconds), others.Sum(item => item.Available),
                    others.Sum(item => item.Held), others.Sum(item => item.Allocated)),
            ];
    }

    protected override async Task<IReadOnlyDictionary<ItemKey, ItemStock>> ReadAsync(CancellationToken cancellationToken)
    {
        var items = await _reader.ReadAsync(await _items.ListAsync(), cancellationToken);
        _labelled = Label(items, _maximumItems);
        return items;
    }

    private static bool IsOn(ItemSnapshot now) => now.State != ItemState.Closed && now.Now - s_afterTheSale < now.ClosesAt;

    private static ItemBacklog Backlog(ItemKey item, ItemSnapshot now, double oldestSeconds) =>
        new(item.ToString(), now.OutboxDepth, oldestSeconds, now.Available, now.Held, now.Allocated);

    private void Gauge<T>(string name, string unit, string text, Func<ItemBacklog, T> value)
        where T : struct =>
        base.Gauge<T>(name, unit, text, _ => _labelled.Select(item =>
            new Measurement<T>(value(item), new KeyValuePair<string, object?>("item", item.Item))));
}
