using System.Collections.Concurrent;
using System.Diagnostics;
using Seckill.LoadTests.Client;
using Seckill.LoadTests.Engine;

namespace Seckill.LoadTests.Load;

/// <summary>What the buyers of a run saw of the waiting room. Times are Stopwatch timestamps.</summary>
public sealed class QueueLog
{
    private readonly ConcurrentDictionary<long, QueuedBuyer> _buyers = new();
    private long _lastUnitAt;

    /// <summary>All who have a place.</summary>
    public IReadOnlyCollection<QueuedBuyer> Buyers => (IReadOnlyCollection<QueuedBuyer>)_buyers.Values;

    /// <summary>When the last order so far was accepted.</summary>
    public long LastOrderAt => Interlocked.Read(ref _lastUnitAt);

    /// <summary>An answer of the room.</summary>
    public void Add(long userId, QueueAnswer answer, long sentAt, long answeredAt)
    {
        ArgumentNullException.ThrowIfNull(answer);
        var buyer = Of(userId);
        lock (buyer)
        {
            if (answer.Position is { } position)
            {
                buyer.HasMoved |= buyer.Position is { } before && before != position;
                buyer.Position = position;
            }

            if (answer.State is "waiting" or "registered")
            {
                buyer.LastWaitedAt = Math.Max(buyer.LastWaitedAt, sentAt);
            }

            if (answer.State == "admitted" && buyer.AdmittedAt == 0)
            {
                buyer.AdmittedAt = answeredAt;
            }
        }
    }

    /// <summary>The outcome of the buyer's first order with a fresh pass.</summary>
    public void Ordered(long userId, ShopAnswer answer)
    {
        var buyer = Of(userId);
        buyer.First = answer.Outcome.Name;
        if (answer.IsSuccess)
        {
            Later(Stopwatch.GetTimestamp());
        }
    }

    /// <summary>The outcome of another order with the pass of an order that was accepted, or with one that has expired.</summary>
    public void Cheated(long userId, ShopAnswer answer)
    {
        var buyer = Of(userId);
        buyer.Cheats++;
        buyer.AcceptedCheats += answer.IsSuccess ? 1 : 0;
    }

    private QueuedBuyer Of(long userId) => _buyers.GetOrAdd(userId, id => new QueuedBuyer(id));

    private void Later(long at)
    {
        long known;
        while ((known = LastOrderAt) < at && Interlocked.CompareExchange(ref _lastUnitAt, at, known) != known)
        {
        }
    }
}

/// <summary>A buyer in the waiting room.</summary>
/// <param name="userId">Who.</param>
public sealed class QueuedBuyer(long userId)
{
    /// <summary>Who.</summary>
    public long UserId => userId;

    /// <summary>From 1; null while unknown.</summary>
    public int? Position { get; set; }

    /// <summary>The position was another one once.</summary>
    public bool HasMoved { get; set; }

    /// <summary>When the last question was sent that was answered "waiting"; 0 for none.</summary>
    public long LastWaitedAt { get; set; }

    /// <summary>When the first answer "admitted" came; 0 for none.</summary>
    public long AdmittedAt { get; set; }

    /// <summary>Outcome of the order with a fresh pass; null for none.</summary>
    public string? First { get; set; }

    /// <summary>Orders with a pass that was used, or had expired.</summary>
    public int Cheats { get; set; }

    /// <summary>Of these, accepted.</summary>
    public int AcceptedCheats { get; set; }
}
