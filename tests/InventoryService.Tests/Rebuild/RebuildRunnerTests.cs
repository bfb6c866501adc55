using Microsoft.Extensions.Options;
using Seckill.InventoryService.Rebuild;
using Seckill.Shared.Connections;
using Seckill.Shared.Stock;

namespace Seckill.InventoryService.Tests.Rebuild;

/// <summary>
/// Promise: a job outlives its process, several processes rebuild each item once, and an item waits for no message that is not older than
/// its loss. Broken by work that no other process takes over, by two that do the same work, or by a wait for an empty queue.
/// </summary>
[Collection(AllOrders.Name)]
public sealed class RebuildRunnerTests(StoreFixture stores)
{
    [Theory]
    [InlineData(RebuildStep.Fence)]
    [InlineData(RebuildStep.Reset)]
    [InlineData(RebuildStep.RestoreRest)]
    [InlineData(RebuildStep.Reopen)]
    public async Task A_job_whose_process_ended_is_ended_by_the_next(RebuildStep step)
    {
        var sale = await LostAsync();
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using (var first = stores.Runner(async at =>
            {
                if (at == step)
                {
                    // Until the process ends; what a kill leaves behind is the same.
                    reached.TrySetResult();
                    await Task.Delay(Timeout.Infinite);
                }
            }))
        {
            await first.StartAsync(CancellationToken.None);
            await stores.Jobs.StartAsync(sale.Item.SaleId, onlyLost: false, CancellationToken.None);
            await reached.Task.InTime();
            Assert.Equal(RebuildState.Running, (await stores.Jobs.FindAsync(sale.Item.SaleId, CancellationToken.None))!.State);
        }

        await DropLocksAsync(sale);
        using var second = stores.Runner();
        await second.StartAsync(CancellationToken.None);
        await UntilAsync(sale, job => job.State == RebuildState.Done);
        await second.StopAsync(CancellationToken.None);
        await sale.AssertConservedAsync(20);
        Assert.Equal(17, (await sale.InspectAsync()).Available);
    }

    [Fact]
    public async Task An_item_that_stands_still_holds_up_no_other()
    {
        var (stuck, other) = (await LostAsync(), await LostAsync());
        var (reached, over) = (new TaskCompletionSource(), new TaskCompletionSource());
        using var runner = stores.Runner(step => step == RebuildStep.Reset && reached.TrySetResult() ? over.Task : Task.CompletedTask);
        await runner.StartAsync(CancellationToken.None);
        await stores.Jobs.StartAsync(stuck.Item.SaleId, onlyLost: false, CancellationToken.None);
        await reached.Task.InTime();
        await stores.Jobs.StartAsync(other.Item.SaleId, onlyLost: false, CancellationToken.None);
        await UntilAsync(other, job => job.State == RebuildState.Done);
        over.SetResult();
        await UntilAsync(stuck, job => job.State == RebuildState.Done);
        await runner.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task Two_processes_share_the_items_and_rebuild_each_of_them_once()
    {
        var sales = new List<TestSale>();
        for (var i = 0; i < 12; i++)
        {
            sales.Add(await LostAsync());
        }

        using var first = stores.Runner();
        using var second = stores.Runner();
        await Task.WhenAll(first.StartAsync(CancellationToken.None), second.StartAsync(CancellationToken.None));
        await Task.WhenAll(sales.Select(sale => stores.Jobs.StartAsync(sale.Item.SaleId, onlyLost: false, CancellationToken.None)));
        foreach (var sale in sales)
        {
            await UntilAsync(sale, job => job.State == RebuildState.Done);
        }

        await Task.WhenAll(first.StopAsync(CancellationToken.None), second.StopAsync(CancellationToken.None));
        foreach (var sale in sales)
        {
            Assert.Equal(2, (await sale.InspectAsync()).Epoch);
            await sale.AssertConservedAsync(20);
        }
    }

    [Fact]
    public async Task An_attempt_that_fails_is_made_again_and_the_last_one_says_why()
    {
        var (sale, attempts) = (await LostAsync(), 0);
        using var runner = stores.Runner(step => step == RebuildStep.Restore && ++attempts < 3
            ? throw new InvalidOperationException("as if PostgreSQL were down") : Task.CompletedTask);
        await runner.StartAsync(CancellationToken.None);
        await stores.Jobs.StartAsync(sale.Item.SaleId, onlyLost: false, CancellationToken.None);
        await UntilAsync(sale, job => job.Items[0] is { Error: "as if PostgreSQL were down", State: RebuildState.Waiting });
        var done = await UntilAsync(sale, job => job.State == RebuildState.Done);
        Assert.Equal(
            (2, null, 3, 3),
            (done.Items[0].Failures, done.Items[0].Error, done.Items[0].LiveUnits, done.Items[0].RestoredUnits));
        await sale.AssertConservedAsync(20);

        attempts = -100;
        await stores.Jobs.StartAsync(sale.Item.SaleId, onlyLost: false, CancellationToken.None);
        var failed = await UntilAsync(sale, job => job.State == RebuildState.Failed);
        Assert.Equal((3, "as if PostgreSQL were down"), (failed.Items[0].Failures, failed.Items[0].Error));
        Assert.NotNull(failed.FinishedAt);
        Assert.Equal(ReserveOutcome.UnknownItem, (await sale.TryReserveAsync(50)).Outcome);
        await runner.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task Only_lost_items_are_started_without_an_operator()
    {
        var (sound, lost) = (await TestSale.OpenAsync(stores, units: 20), await LostAsync());
        await stores.Losses.WatchAsync(CancellationToken.None);
        foreach (var sale in new[] { sound, lost })
        {
            await stores.Jobs.StartAsync(sale.Item.SaleId, onlyLost: true, CancellationToken.None);
        }

        Assert.Null(await stores.Jobs.FindAsync(sound.Item.SaleId, CancellationToken.None));
        Assert.Equal(RebuildState.Running, (await stores.Jobs.FindAsync(lost.Item.SaleId, CancellationToken.None))!.State);
        using var runner = stores.Runner();
        await runner.StartAsync(CancellationToken.None);
        await UntilAsync(lost, job => job.State == RebuildState.Done);
        await runner.StopAsync(CancellationToken.None);
    }

    /// <summary>The queue is never seen empty, because no broker answers: as while another sale sells.</summary>
    [Fact]
    public async Task The_wait_for_the_queue_ends_when_a_later_order_of_any_sale_has_its_row_and_all_items_share_it()
    {
        var other = await TestSale.OpenAsync(stores, units: 20);
        var earlier = await other.ReserveAsync(1);
        await using var broker = new BrokerClient(BrokerAddress.Parse("amqp://localhost:1"));
        var queue = new QueueDrain(
            stores.Database, broker, Options.Create(new RebuildOptions { DrainMilliseconds = 600_000 }));
        var since = (await other.InspectAsync()).Now;
        var wait = queue.WaitAsync("job 1", since, CancellationToken.None);
        Assert.Same(wait, queue.WaitAsync("job 1", since, CancellationToken.None));
        await other.ConsumeAsync(earlier);
        var later = await other.ReserveAsync(2);
        // Reserved, and its message may be behind others. Only the order of another test may end the wait now.
        if (await Task.WhenAny(wait, Task.Delay(TimeSpan.FromSeconds(1))) == wait)
        {
            Assert.NotEqual(0, await other.ScalarAsync<long>(
                "select count(*) from orders where sale_id <> @SaleId and reserved_at > @since", new { other.Item.SaleId, since }));
        }

        await other.ConsumeAsync(later);
        await wait.InTime();
    }

    /// <summary>20 units and three live orders, of which Redis has nothing.</summary>
    private async Task<TestSale> LostAsync()
    {
        var sale = await TestSale.OpenAsync(stores, units: 20);
        await sale.PlaceManyAsync(3);
        await sale.LoseAsync();
        return sale;
    }

    private async Task<SaleRebuild> UntilAsync(TestSale sale, Func<SaleRebuild, bool> condition)
    {
        SaleRebuild? job = null;
        await Eventually.IsTrueAsync("the job gets there", async () =>
            (job = await stores.Jobs.FindAsync(sale.Item.SaleId, CancellationToken.None)) is not null && condition(job));
        return job!;
    }

    // The lock of a process ends with its connection.
    private static Task DropLocksAsync(TestSale sale) => sale.ExecuteAsync(
        """
        select pg_terminate_backend(pid) from pg_locks
        where locktype = 'advisory' and objid = (hashtextextended('seckill item ' || @Name, 0) & 4294967295)::oid
        """,
        new { Name = sale.Item.ToString() });
}
