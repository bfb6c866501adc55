using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace Seckill.OrderService.Reservations;

/// <summary>
/// Natural batching. An item that arrives while no call is in flight leaves at once; items that arrive meanwhile leave together
/// when a call ends. No timer, no lock, no task or allocation per item.
/// </summary>
/// <typeparam name="T">What waits.</typeparam>
/// <param name="capacity">Maximum number of items that may wait.</param>
/// <param name="maxBatch">Maximum number of items in a call.</param>
/// <param name="maxCallsInFlight">Maximum number of calls at once.</param>
/// <param name="newCall">Creates a call, which is then reused. Its <c>SendAsync</c> must not throw.</param>
internal sealed class BatchQueue<T>(int capacity, int maxBatch, int maxCallsInFlight, Func<BatchQueue<T>.ICall> newCall)
{
    private readonly ConcurrentQueue<T> _waiting = new();
    private readonly ConcurrentStack<ICall> _idle = new(Enumerable.Range(0, maxCallsInFlight).Select(_ => newCall()));
    private int _count;
    private int _callsInFlight;

    /// <summary>A reusable call: it is filled, sent, and filled again.</summary>
    public interface ICall
    {
        /// <summary>Adds one item; false when the item no longer needs a call.</summary>
        bool Add(T item);

        /// <summary>Sends the added items and ends when the call succeeded or failed. Leaves the call empty.</summary>
        Task SendAsync();
    }

    /// <summary>Items that wait for a call.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Calls in flight.</summary>
    public int CallsInFlight => Volatile.Read(ref _callsInFlight);

    /// <summary>The item that is next; false when none waits.</summary>
    public bool TryPeek([MaybeNullWhen(false)] out T item) => _waiting.TryPeek(out item);

    /// <summary>The items that wait, at some recent moment.</summary>
    public IEnumerable<T> Waiting => _waiting;

    /// <summary>Adds an item and sends it if a call is free. False, and nothing happens, when too many wait.</summary>
    public bool TryAdd(T item)
    {
        if (Interlocked.Increment(ref _count) > capacity)
        {
            Interlocked.Decrement(ref _count);
            return false;
        }

        _waiting.Enqueue(item);
        SendIfPossible();
        return true;
    }

    private void SendIfPossible()
    {
        // An item that arrives after a call found the queue empty and before it became idle again is seen by the second look.
        while (!_waiting.IsEmpty && _idle.TryPop(out var call))
        {
            Interlocked.Increment(ref _callsInFlight);
            if (Fill(call) == 0)
            {
                GoIdle(call);
                continue;
            }

            _ = SendUntilEmptyAsync(call);
        }
    }

    private async Task SendUntilEmptyAsync(ICall call)
    {
        do
        {
            await call.SendAsync();
        }
        while (Fill(call) > 0);
        GoIdle(call);
        SendIfPossible();
    }

    private int Fill(ICall call)
    {
        var added = 0;
        while (added < maxBatch && _waiting.TryDequeue(out var item))
        {
            Interlocked.Decrement(ref _count);
            added += call.Add(item) ? 1 : 0;
        }

        return added;
    }

    private void GoIdle(ICall call)
    {
        Interlocked.Decrement(ref _callsInFlight);
        _idle.Push(call);
    }
}
