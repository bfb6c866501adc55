using Seckill.InventoryService.Rebuild;
using Seckill.Shared.Contracts;
using Seckill.Shared.Stock;

namespace Seckill.InventoryService.Tests.Rebuild;

/// <summary>
/// Promise: the same user, item and Idempotency-Key give the same order, also after Redis lost its data. Broken by a key that is missing
/// in the message, the row, the quarantine or the restore: a retry is then a second order, where the limit allows two.
/// </summary>
[Collection(AllOrders.Name)]
public sealed class KeysAfterLossTests(StoreFixture stores)
{
    private const string Key = "click:1";

    [Theory]
    [InlineData("placed")]
    [InlineData("cancelled")]
    [InlineData("in quarantine")]
    [InlineData("late")]
    [InlineData("late and rejected")]
    public async Task A_retry_with_the_key_of_before_is_the_same_order(string order)
    {
        var sale = await TestSale.OpenAsync(stores, units: 1);
        var first = await sale.ReserveAsync(7, key: Key);
        await (order switch
        {
            "placed" => sale.ConsumeAsync(first),
            "cancelled" => CancelAsync(sale, first),
            "in quarantine" => stores.Quarantine.AddAsync(sale.Message(first), "test", CancellationToken.None),
            _ => Task.CompletedTask,
        });
        await sale.LoseAsync();
        await RebuildAsync(sale);
        if (order.StartsWith("late", StringComparison.Ordinal))
        {
            await (order == "late" ? Task.CompletedTask : sale.ConsumeAsync(await sale.ReserveAsync(8)));
            await sale.ConsumeAsync(first);
        }

        await AssertSameAsync(sale, first);
        if (order == "late and rejected")
        {
            Assert.Equal("rejected", (await sale.StatusesAsync())[first.OrderId]);
        }
    }

    /// <summary>Republished from its hold, which is then the only place that has the key.</summary>
    [Fact]
    public async Task An_order_that_the_sweeper_publishes_takes_its_key_along()
    {
        var sale = await TestSale.OpenAsync(stores, units: 1);
        var first = await sale.ReserveAsync(7, key: Key);
        var (orderId, hold) = Assert.Single(await stores.Stock.ClaimAsync(sale.Keys, TimeSpan.Zero, 10, TimeSpan.FromSeconds(1)));
        await sale.ConsumeAsync(hold!.Value.ToOrder(orderId));
        await sale.LoseAsync();
        await RebuildAsync(sale);
        await AssertSameAsync(sale, first);
    }

    /// <summary>The buyer was quicker than the message of the first order: the order that the buyer has seen last keeps the key.</summary>
    [Fact]
    public async Task A_key_that_leads_to_an_order_already_keeps_it()
    {
        var sale = await TestSale.OpenAsync(stores, units: 5, limit: 5);
        var first = await sale.ReserveAsync(7, key: Key);
        await sale.LoseAsync();
        await RebuildAsync(sale);
        var second = await sale.ReserveAsync(7, key: Key);
        await sale.ConsumeAsync(first);
        await AssertSameAsync(sale, second);
    }

    private async Task CancelAsync(TestSale sale, ReservedOrder order)
    {
        await sale.ConsumeAsync(order);
        await stores.Closing.TryCancelAsync(order.OrderId, CancellationToken.None);
        await sale.ReturnAllAsync();
    }

    private async Task RebuildAsync(TestSale sale) => Assert.Equal(
        RebuildOutcome.Done, await stores.Rebuild().RebuildAsync(await sale.AuditedAsync(), CancellationToken.None));

    private static async Task AssertSameAsync(TestSale sale, ReservedOrder order)
    {
        var retry = Assert.Single(await sale.ReserveAsync(new Ask(7, 1, Key)));
        Assert.Equal(ReserveOutcome.Replayed, retry.Outcome);
        Assert.Equal([order.OrderId, "1", $"{order.ReservedAt.ToUnixTimeMilliseconds()}"], retry.Detail);
    }
}
