using Seckill.InventoryService.Rebuild;
using Seckill.Shared.Contracts;
using Seckill.Shared.Stock;

namespace Seckill.InventoryService.Tests.Rebuild;

/// <summary>
/// Promise: a pass of a waiting room that was used is not accepted again, also after Redis lost its data: it outlives the loss, because
/// it is checked without a store. Broken by an order that is not counted in the restore: closed, without a key, in quarantine, or late.
/// </summary>
[Collection(AllOrders.Name)]
public sealed class TurnsAfterLossTests(StoreFixture stores)
{
    [Theory]
    [InlineData("placed")]
    [InlineData("cancelled")]
    [InlineData("in quarantine")]
    [InlineData("late")]
    public async Task A_turn_that_was_used_before_the_loss_admits_no_order_after_it(string order)
    {
        var sale = await TestSale.OpenAsync(stores, units: 5, limit: 5);
        await sale.ExecuteAsync(
            """
            insert into waiting_rooms (sale_id, admit_per_second, pass_seconds, fail_open, work_bits, group_limit)
            values (@SaleId, 10, 600, false, 0, 0)
            """);
        var turn = (await sale.InspectAsync()).Now.ToUnixTimeMilliseconds();
        var answer = Assert.Single(await sale.ReserveAsync(new Ask(7, 1, null, turn)));
        Assert.Equal(ReserveOutcome.Reserved, answer.Outcome);
        var first = answer.OrderOf(7);
        await (order switch
        {
            "placed" => sale.ConsumeAsync(first),
            "cancelled" => CancelAsync(sale, first),
            "in quarantine" => stores.Quarantine.AddAsync(sale.Message(first), "test", CancellationToken.None),
            _ => Task.CompletedTask,
        });
        await sale.LoseAsync();
        Assert.Equal(
            RebuildOutcome.Done, await stores.Rebuild().RebuildAsync(await sale.AuditedAsync(), CancellationToken.None));
        if (order == "late")
        {
            await sale.ConsumeAsync(first);
        }

        Assert.Equal(ReserveOutcome.PassUsed, Assert.Single(await sale.ReserveAsync(new Ask(7, 1, null, turn))).Outcome);
        // The turn of another buyer is not used, and neither is the next one of the same.
        Assert.Equal(ReserveOutcome.Reserved, Assert.Single(await sale.ReserveAsync(new Ask(8, 1, null, turn))).Outcome);
        var next = (await sale.InspectAsync()).Now.ToUnixTimeMilliseconds() + 1;
        Assert.Equal(ReserveOutcome.Reserved, Assert.Single(await sale.ReserveAsync(new Ask(7, 1, null, next))).Outcome);
    }

    private async Task CancelAsync(TestSale sale, ReservedOrder order)
    {
        await sale.ConsumeAsync(order);
        await stores.Closing.TryCancelAsync(order.OrderId, CancellationToken.None);
        await sale.ReturnAllAsync();
    }
}
