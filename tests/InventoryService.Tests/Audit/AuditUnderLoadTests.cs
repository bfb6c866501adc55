using System.Collections.Concurrent;
using Seckill.InventoryService.Ledger;
using Seckill.Shared.Contracts;

namespace Seckill.InventoryService.Tests.Audit;

/// <summary>
/// Promise: normal movement is no alarm. The audit reads two stores, and each in pages, while orders are reserved, placed, settled,
/// paid, cancelled and returned and stock is added: an equation that is read in the wrong order shows differences here that nobody
/// made. One false alarm fails.
/// </summary>
[Collection(AllOrders.Name)]
public sealed class AuditUnderLoadTests(StoreFixture stores)
{
    private const int Audits = 25;

    [Fact]
    public async Task An_audit_of_a_running_sale_finds_nothing()
    {
        var sale = await TestSale.OpenAsync(stores, units: 100_000, limit: 3);
        await sale.PlaceManyAsync(50);
        using var over = new CancellationTokenSource();
        using var returner = stores.Returns(batch: 7);
        await returner.StartAsync(CancellationToken.None);
        var moved = new ConcurrentQueue<ReservedOrder>();
        var crowd = Enumerable.Range(1, 3).Select(one => Task.Run(() => MoveAsync(sale, one * 1_000_000, moved, over.Token))).ToList();
        crowd.Add(Task.Run(() => RestockAsync(sale, over.Token)));

        var auditor = stores.AuditorWithPages(of: 40);
        var item = await sale.AuditedAsync();
        for (var look = 1; look <= Audits || moved.Count < 600; look++)
        {
            var audit = await auditor.AuditAsync(item, CancellationToken.None);
            Assert.True(audit.IsConclusive);
            Assert.True(audit.Findings.Count == 0, $"Look {look}: {string.Join("; ", audit.Findings.Take(5))}");
            var ledger = await sale.LedgerAsync();
            Assert.True(ledger.Balanced != false, $"Look {look}: {ledger}");
        }

        await over.CancelAsync();
        await Task.WhenAll(crowd);
        await sale.ConsumeAsync([.. moved.Take(500)]);
        await sale.AllReturnedAsync();
        await returner.StopAsync(CancellationToken.None);
        await sale.AssertConservedAsync((await sale.InspectAsync()).Allocated);
        Assert.Empty((await stores.Auditor.AuditAsync(item, CancellationToken.None)).Findings);
    }

    [Fact]
    public async Task What_moves_between_the_looks_at_two_stores_is_no_finding()
    {
        var sale = await TestSale.OpenAsync(stores, units: 1_000);
        var live = new Queue<ReservedOrder>(await sale.PlaceManyAsync(60));
        var auditor = stores.AuditorWithPages(of: 10, async _ =>
        {
            // Three steps of three orders: returned, placed, only reserved.
            var closed = new[] { live.Dequeue(), live.Dequeue(), live.Dequeue() };
            foreach (var order in closed)
            {
                Assert.True(await stores.Closing.TryCancelAsync(order.OrderId, CancellationToken.None));
            }

            await sale.ReturnAllAsync();
            live.Enqueue(await sale.ReserveAsync(1_000 + live.Count + closed[0].UserId));
            live.Enqueue(await sale.ReserveAsync(5_000 + live.Count + closed[0].UserId));
            await sale.ConsumeAsync(live.TakeLast(1).ToArray());
            await sale.ConsumeAsync(live.TakeLast(2).ToArray());
            live.Enqueue(await sale.ReserveAsync(9_000 + live.Count + closed[0].UserId));
            await sale.ConsumeAsync(live.TakeLast(1).ToArray());
            await sale.ReserveAsync(20_000 + live.Count + closed[0].UserId);
        });
        var audit = await auditor.AuditAsync(await sale.AuditedAsync(), CancellationToken.None);
        Assert.True(audit.IsConclusive);
        Assert.Empty(audit.Findings);
        Assert.InRange(await sale.CountAsync("orders where sale_id = @SaleId and status = 'cancelled'"), 20, 10_000);
    }

    private async Task MoveAsync(TestSale sale, long firstUser, ConcurrentQueue<ReservedOrder> moved, CancellationToken over)
    {
        for (var turn = 0; !over.IsCancellationRequested; turn++)
        {
            ReservedOrder[] orders = [await sale.ReserveAsync(firstUser + turn), await sale.ReserveAsync(firstUser + turn, 2)];
            await sale.ConsumeAsync(orders);
            await ((turn % 3) switch
            {
                0 => sale.PayAsync(orders[0], $"pay-{orders[0].OrderId}"),
                1 => (Task)stores.Closing.TryCancelAsync(orders[0].OrderId, CancellationToken.None),
                _ => stores.Quarantine.AddAsync(sale.Message(orders[1]), "a message that comes again", CancellationToken.None),
            });
            foreach (var order in orders)
            {
                moved.Enqueue(order);
            }
        }
    }

    private async Task RestockAsync(TestSale sale, CancellationToken over)
    {
        for (var change = 0; !over.IsCancellationRequested; change++)
        {
            var outcome = await stores.Changes.ChangeAsync(
                sale.Item, $"change-{change}", change % 2 == 0 ? 5 : -5, CancellationToken.None);
            Assert.Equal(StockChangeOutcome.Made, outcome);
        }
    }
}
