using System.Collections.Concurrent;
using Seckill.LoadTests.Client;
using Seckill.LoadTests.Engine;

namespace Seckill.LoadTests.Tests;

/// <summary>
/// The classic mistake of a load test: visitors who wait for a stalled server do not come, so the stall is one slow request among
/// thousands of quick ones. The open loop must not make it; the closed loop makes it by its nature, and the comparison shows that the
/// test would notice.
/// </summary>
public sealed class EngineTests
{
    private static readonly OrderRequest s_order = new(7, new SaleItem(1001, 10, 1, 1999, "EUR"), 1);

    [Fact]
    public async Task A_server_that_freezes_for_a_second_shows_in_p99_of_the_open_loop_and_not_in_that_of_the_closed_one()
    {
        var open = await RunAsync(await FakeShop.FrozenInAsync(1), 8, engine =>
            engine.RunOpenAsync(new Arrivals([new Phase(200, 200, 3)]), CancellationToken.None));
        var closed = await RunAsync(await FakeShop.FrozenInAsync(1), 8, engine =>
            engine.RunClosedAsync(8, TimeSpan.FromSeconds(3), TimeSpan.Zero, CancellationToken.None));

        // Of 600 visitors 200 came in the frozen second. Only eight could ask; the others stood in line, and that counts.
        Assert.Equal((600, 600), (open.Arrivals, open.Requests));
        Assert.InRange(open.Latency().Percentile(99), 900_000, 5_000_000);
        Assert.InRange(open.Latency().Percentile(75), 150_000, 1_500_000);
        Assert.True(open.Waited > 100, $"{open.Waited} visitors found no connection.");
        Assert.True(closed.Latency().Longest >= 900_000, "The closed loop has seen the freeze too.");
        Assert.True(
            closed.Latency().Percentile(99) < open.Latency().Percentile(99) / 2,
            $"p99 of {closed.Requests} requests in the closed loop is {closed.Latency().Percentile(99)} µs.");
    }

    [Fact]
    public async Task Visitors_come_when_they_are_due_whatever_becomes_of_those_before()
    {
        var gate = new TaskCompletionSource();
        var recorder = new Recorder();
        var engine = new LoadEngine(recorder, (number, _) =>
        {
            if (number == 99)
            {
                // The last one opens the gate, and gets to it only if nobody waited for the first.
                gate.SetResult();
            }

            return gate.Task;
        });
        await engine.RunOpenAsync(new Arrivals([new Phase(1_000, 1_000, 0.1)]), CancellationToken.None);
        Assert.Equal((100, 0), (recorder.Total.Arrivals, recorder.Visitors));
    }

    [Fact]
    public async Task Each_visitor_is_told_the_moment_at_which_it_was_due_and_never_one_in_the_future()
    {
        var due = new ConcurrentDictionary<long, long>();
        var engine = new LoadEngine(new Recorder(), (number, at) =>
        {
            due[number] = at;
            Assert.True(at <= System.Diagnostics.Stopwatch.GetTimestamp());
            return Task.CompletedTask;
        });
        await engine.RunOpenAsync(new Arrivals([new Phase(500, 500, 0.4)]), CancellationToken.None);
        engine.ThrowIfBroken();
        var seconds = due.OrderBy(entry => entry.Key)
            .Select(entry => (entry.Value - engine.StartedAt) / (double)System.Diagnostics.Stopwatch.Frequency).ToArray();
        Assert.Equal(200, seconds.Length);
        // By the plan, not by when the machine found the time: the hundredth at 0.2 s.
        Assert.All(seconds.Select((second, number) => (second, number)), entry =>
            Assert.InRange(entry.second, (entry.number + 1) / 500.0, ((entry.number + 1) / 500.0) + 0.0011));
    }

    [Fact]
    public async Task A_closed_loop_never_has_more_visitors_than_users()
    {
        var (now, most) = (0, 0);
        var engine = new LoadEngine(new Recorder(), async (_, _) =>
        {
            var here = Interlocked.Increment(ref now);
            most = Math.Max(most, here);
            await Task.Delay(5);
            Interlocked.Decrement(ref now);
        });
        await engine.RunClosedAsync(6, TimeSpan.FromSeconds(0.3), TimeSpan.FromMilliseconds(1), CancellationToken.None);
        Assert.InRange(most, 2, 6);
    }

    [Fact]
    public async Task An_error_of_a_visit_is_not_swallowed()
    {
        var engine = new LoadEngine(new Recorder(), (_, _) => throw new InvalidTimeZoneException("broken"));
        await engine.RunOpenAsync(new Arrivals([new Phase(100, 100, 0.1)]), CancellationToken.None);
        Assert.Contains("broken", Assert.Throws<InvalidOperationException>(engine.ThrowIfBroken).Message, StringComparison.Ordinal);
    }

    private static async Task<Tally> RunAsync(FakeShop server, int connections, Func<LoadEngine, Task> run)
    {
        await using (server)
        {
            var recorder = new Recorder();
            using var pool = new ClientPool([server.Url], connections, TimeSpan.FromSeconds(10), CancellationToken.None);
            var shop = new Shop(pool, recorder);
            var engine = new LoadEngine(recorder, async (number, due) =>
                await shop.OrderAsync(new Buyer(number + 1, "Bearer x"), s_order, null, due, isArrival: true));
            await run(engine);
            engine.ThrowIfBroken();
            return recorder.Total;
        }
    }
}
