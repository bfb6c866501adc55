namespace Seckill.OrderService.Orders;

/// <summary>
/// (6) Messages for one item that wait together are persisted together. While few buyers click, a message has one order, and a transaction
/// keeps the ledger row of its item until the disk has it: with a message each, one item would get no more orders a second than the disk
/// confirms transactions. No message waits for a timer. docs/decisions/0058 has the figures.
/// </summary>
internal sealed class PlacementQueue(OrderPersistence persistence, IOptions<PersistenceOptions> options)
{
    /// <summary>Maximum number of orders that messages have together; a message with more is persisted alone.</summary>
    internal const int MaximumOrders = 1_000;

    private readonly Lock _lock = new();
    private readonly LinkedList<Waiting> _waiting = new();
    private int _inProgress;

    /// <summary>Ends when the orders of one message are persisted; fails when they, or those persisted with them, could not be.</summary>
    /// <param name="batch">With at least one order.</param>
    /// <param name="traced">The sampled orders among them.</param>
    public Task PersistAsync(OrdersReserved batch, IReadOnlyList<TracedOrder> traced)
    {
        var waiting = new Waiting(batch, traced);
        lock (_lock)
        {
            _waiting.AddLast(waiting);
            if (_inProgress == options.Value.ConcurrentTransactions)
            {
                return waiting.Persisted.Task;
            }

            _inProgress++;
        }

        _ = PersistWaitingAsync();
        return waiting.Persisted.Task;
    }

    private async Task PersistWaitingAsync()
    {
        while (TakeTogether() is { Count: > 0 } together)
        {
            try
            {
                // What one message stops waiting for is still wanted by the others.
                await persistence.PersistAsync(Join(together), [.. together.SelectMany(one => one.Traced)], CancellationToken.None);
                together.ForEach(one => one.Persisted.SetResult());
            }
#pragma warning disable CA1031 // Each of the messages is retried, or redelivered, by its own receiver.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                together.ForEach(one => one.Persisted.SetException(exception));
            }
        }
    }

    /// <summary>The message that waits longest, and those that can go with it. None, and the place is free, when nothing waits.</summary>
    private List<Waiting> TakeTogether()
    {
        lock (_lock)
        {
            if (_waiting.First is not { } first)
            {
                _inProgress--;
                return [];
            }

            var (together, orders) = (new List<Waiting>(), 0);
            var times = new Dictionary<StockVersion, DateTimeOffset>();
            for (var (node, next) = (first, first.Next); node is not null; (node, next) = (next, next?.Next))
            {
                var batch = node.Value.Batch;
                if (node != first && (orders + batch.Orders.Count > MaximumOrders || !CanJoin(batch, first.Value.Batch, times)))
                {
                    continue;
                }

                _waiting.Remove(node);
                together.Add(node.Value);
                orders += batch.Orders.Count;
                foreach (var order in batch.Orders)
                {
                    times.TryAdd(order.Version, order.ReservedAt);
                }
            }

            return together;
        }
    }

    // Two changes of stock with one number prove that Redis has lost writes, and PostgreSQL notices it when the second one comes later.
    private static bool CanJoin(OrdersReserved batch, OrdersReserved first, Dictionary<StockVersion, DateTimeOffset> times) =>
        (batch.SaleId, batch.SkuId, batch.UnitPrice, batch.Currency) == (first.SaleId, first.SkuId, first.UnitPrice, first.Currency)
        && batch.Orders.All(order => order.Version.Seq == 0
            || !times.TryGetValue(order.Version, out var time) || time == order.ReservedAt);

    private static OrdersReserved Join(List<Waiting> together) => together is [var only]
        ? only.Batch
        : together[0].Batch with { Orders = [.. together.SelectMany(one => one.Batch.Orders).DistinctBy(order => order.OrderId)] };

    private sealed record Waiting(OrdersReserved Batch, IReadOnlyList<TracedOrder> Traced)
    {
        public TaskCompletionSource Persisted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
