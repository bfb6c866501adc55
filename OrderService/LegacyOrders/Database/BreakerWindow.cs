namespace Seckill.OrderService.LegacyOrders.Database;

/// <summary>What a breaker judges by: the last 20 calls, and the last verified orders. Not safe for several threads.</summary>
internal sealed class BreakerWindow
{
    private const int MaximumCalls = 20;
    private readonly Queue<bool> _failed = new();
    private readonly Queue<(int Verified, int Mismatched)> _batches = new();

    /// <summary>How many calls there were, up to 20, and how many of them failed.</summary>
    public (int Count, int Failed) Calls => (_failed.Count, _failed.Count(failed => failed));

    /// <summary>How many orders were verified, and how many of them differ.</summary>
    public (int Verified, int Mismatched) Orders { get; private set; }

    public void Add(bool failed)
    {
        _failed.Enqueue(failed);
        if (_failed.Count > MaximumCalls)
        {
            _failed.Dequeue();
        }
    }

    /// <summary>Adds a batch; the oldest batches leave while the others have <paramref name="size"/> orders without them.</summary>
    public void Add(int verified, int mismatched, int size)
    {
        _batches.Enqueue((verified, mismatched));
        Orders = (Orders.Verified + verified, Orders.Mismatched + mismatched);
        while (Orders.Verified - _batches.Peek().Verified >= size)
        {
            var oldest = _batches.Dequeue();
            Orders = (Orders.Verified - oldest.Verified, Orders.Mismatched - oldest.Mismatched);
        }
    }

    public void Clear()
    {
        _failed.Clear();
        _batches.Clear();
        Orders = default;
    }
}
