using System.Collections.Concurrent;
using Seckill.OrderService.Reservations;

namespace Seckill.OrderService.Tests.Reservations;

/// <summary>
/// The queue has no lock and no timer, so an item could be left behind, sent twice, or wait for company. Calls here end when the test
/// says so, which makes every order of events a plain sequence; the last test leaves the order to the threads.
/// </summary>
public sealed class BatchQueueTests
{
    private readonly ConcurrentQueue<(int[] Items, TaskCompletionSource End)> _sent = new();
    private int _declined = -1;

    [Fact]
    public void A_lone_item_leaves_at_once()
    {
        var queue = NewQueue();
        Assert.True(queue.TryAdd(1));
        Assert.Equal([1], Next().Items);
        Assert.Equal((0, 1), (queue.Count, queue.CallsInFlight));
    }

    [Fact]
    public async Task What_arrives_during_a_call_leaves_together_when_it_ends()
    {
        var queue = NewQueue(calls: 1);
        Add(queue, 1, 2, 3, 4);
        var first = Next();
        Assert.Equal([1], first.Items);
        Assert.Empty(_sent);
        Assert.Equal([2, 3, 4], queue.Waiting);
        first.End.SetResult();
        var second = await NextAsync();
        Assert.Equal([2, 3, 4], second.Items);
        second.End.SetResult();
        await Eventually.IsTrueAsync("the queue is idle", () => queue is { Count: 0, CallsInFlight: 0 });
        Add(queue, 5);
        Assert.Equal([5], Next().Items);
    }

    [Fact]
    public async Task No_call_has_more_than_the_most()
    {
        var queue = NewQueue(batch: 3, calls: 1);
        Add(queue, 1, 2, 3, 4, 5, 6);
        Next().End.SetResult();
        var second = await NextAsync();
        Assert.Equal([2, 3, 4], second.Items);
        second.End.SetResult();
        await AssertNextAsync([5, 6]);
    }

    [Fact]
    public async Task No_more_calls_than_the_most_are_under_way()
    {
        var queue = NewQueue(calls: 2);
        Add(queue, 1, 2, 3);
        var (first, second) = (Next(), Next());
        Assert.Equal([1], first.Items);
        Assert.Equal([2], second.Items);
        Assert.Empty(_sent);
        Assert.Equal(2, queue.CallsInFlight);
        second.End.SetResult();
        await AssertNextAsync([3]);
    }

    [Fact]
    public async Task A_full_queue_refuses_and_takes_again_when_there_is_room()
    {
        var queue = NewQueue(capacity: 2, calls: 1);
        Add(queue, 1, 2, 3);
        Assert.False(queue.TryAdd(4));
        Assert.Equal(2, queue.Count);
        Next().End.SetResult();
        var second = await NextAsync();
        Assert.Equal([2, 3], second.Items);
        Add(queue, 5, 6);
        Assert.False(queue.TryAdd(7));
        second.End.SetResult();
        await AssertNextAsync([5, 6]);
    }

    [Fact]
    public async Task An_item_that_declines_is_passed_over()
    {
        var queue = NewQueue(calls: 1);
        _declined = 2;
        Add(queue, 1, 2, 3);
        Next().End.SetResult();
        var second = await NextAsync();
        Assert.Equal([3], second.Items);
        second.End.SetResult();
        await Eventually.IsTrueAsync("the queue is idle", () => queue.CallsInFlight == 0);
        Add(queue, 2);
        Assert.Empty(_sent);
        Assert.Equal((0, 0), (queue.Count, queue.CallsInFlight));
        Add(queue, 4);
        Assert.Equal([4], Next().Items);
    }

    [Fact]
    public async Task Every_item_is_sent_exactly_once_whatever_the_threads_do()
    {
        const int Threads = 8;
        const int Each = 25_000;
        var (inFlight, mostInFlight, largest) = (0, 0, 0);
        var counts = new int[Threads * Each];
        var queue = new BatchQueue<int>(Threads * Each, 64, 3, () => new FastCall(items =>
        {
            Maximum(ref mostInFlight, Interlocked.Increment(ref inFlight));
            Maximum(ref largest, items.Count);
            items.ForEach(item => Interlocked.Increment(ref counts[item]));
            return Task.Yield();
        }, () => Interlocked.Decrement(ref inFlight)));
        await Task.WhenAll(Enumerable.Range(0, Threads).Select(thread => Task.Run(() =>
        {
            for (var i = 0; i < Each; i++)
            {
                Assert.True(queue.TryAdd((thread * Each) + i));
            }
        }))).InTime();
        await Eventually.IsTrueAsync("everything is sent", () => queue is { Count: 0, CallsInFlight: 0 });
        Assert.All(counts, count => Assert.Equal(1, count));
        Assert.InRange(mostInFlight, 1, 3);
        Assert.InRange(largest, 1, 64);
    }

    [Fact]
    public async Task An_item_that_arrives_just_as_the_last_call_ends_is_not_left_behind()
    {
        // Each item is added when the one before is on its way out: in the moment between a last look and idleness.
        const int Items = 300_000;
        var sent = 0;
        var queue = new BatchQueue<int>(10, 10, 1, () => new FastCall(_ => Task.Yield(), () => Interlocked.Increment(ref sent)));
        await Task.Run(() =>
        {
            for (var i = 0; i < Items; i++)
            {
                Assert.True(queue.TryAdd(i));
                var expected = i + 1;
                Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref sent) == expected, Eventually.Limit), $"Item {i} was left behind.");
                Thread.SpinWait(i % 64);
            }
        });
    }

    private static void Maximum(ref int most, int value)
    {
        int known;
        while ((known = Volatile.Read(ref most)) < value && Interlocked.CompareExchange(ref most, value, known) != known)
        {
            // Somebody else raised it; look again.
        }
    }

    private static void Add(BatchQueue<int> queue, params int[] items) => Assert.All(items, item => Assert.True(queue.TryAdd(item)));

    private BatchQueue<int> NewQueue(int capacity = 100, int batch = 100, int calls = 2) =>
        new(capacity, batch, calls, () => new HeldCall(this));

    private (int[] Items, TaskCompletionSource End) Next() =>
        _sent.TryDequeue(out var call) ? call : throw new InvalidOperationException("Nothing was sent.");

    private async Task<(int[] Items, TaskCompletionSource End)> NextAsync()
    {
        await Eventually.IsTrueAsync("the next call is sent", () => !_sent.IsEmpty);
        return Next();
    }

    private async Task AssertNextAsync(int[] items) => Assert.Equal(items, (await NextAsync()).Items);

    private sealed class HeldCall(BatchQueueTests test) : BatchQueue<int>.ICall
    {
        private readonly List<int> _items = [];

        public bool Add(int item)
        {
            if (item == test._declined)
            {
                return false;
            }

            _items.Add(item);
            return true;
        }

        public Task SendAsync()
        {
            var end = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            test._sent.Enqueue(([.. _items], end));
            _items.Clear();
            return end.Task;
        }
    }

    private sealed class FastCall(Func<List<int>, System.Runtime.CompilerServices.YieldAwaitable> send, Action end) : BatchQueue<int>.ICall
    {
        private readonly List<int> _items = [];

        public bool Add(int item)
        {
            _items.Add(item);
            return true;
        }

        public async Task SendAsync()
        {
            await send(_items);
            _items.Clear();
            end();
        }
    }
}
