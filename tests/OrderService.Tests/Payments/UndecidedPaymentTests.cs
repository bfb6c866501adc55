using System.Net;
using Seckill.InventoryService.Rebuild;

namespace Seckill.OrderService.Tests.Payments;

/// <summary>
/// Promise: a payment for an order that exists is never refunded because a store does not show the order yet. Only a rebuild, a message
/// that waits, or an operator decides then, and the provider is asked to come again.
/// </summary>
[Collection(AllOrders.Name)]
public sealed class UndecidedPaymentTests(StoreFixture stores, Shop shop) : IClassFixture<Shop>
{
    private static readonly (HttpStatusCode, string) s_accepted = (HttpStatusCode.OK, "accepted");
    private static readonly (HttpStatusCode, string) s_refund = (HttpStatusCode.OK, "refund");
    private static readonly (HttpStatusCode, string) s_tryAgain = (HttpStatusCode.ServiceUnavailable, "unavailable");

    // Broken by a refund: the provider would never tell again, and the order would be unpaid after its replay.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Who_pays_an_order_in_quarantine_is_asked_to_come_again_until_it_is_decided(bool isHeld)
    {
        var sale = await TestSale.OpenAsync(stores);
        var order = await sale.ReserveAsync(1);
        // As a worker leaves it.
        await stores.Quarantine.AddAsync(sale.Message(order), "a Friday", CancellationToken.None);
        await stores.Stock.SettleAsync(sale.Keys, [order.OrderId]);
        if (!isHeld)
        {
            await stores.Stock.ReleaseAsync(sale.Keys, [order.OrderId]);
        }

        Assert.Equal(s_tryAgain, await shop.PayAsync(order.OrderId, order.OrderId));
        Assert.Equal(
            isHeld ? s_tryAgain : (HttpStatusCode.NotFound, "unknown-order"), await shop.CancelAsync(order.OrderId, 1));
        Assert.Empty(await shop.RefundsAsync(order.OrderId));
        await sale.ConsumeAsync(order);
        Assert.Equal(s_accepted, await shop.PayAsync(order.OrderId, order.OrderId));
        Assert.Empty(await shop.RefundsAsync(order.OrderId));
        await sale.AssertConservedAsync(100);
    }

    [Fact]
    public async Task Who_pays_or_cancels_an_order_that_an_older_Redis_shows_is_asked_to_come_again()
    {
        var sale = await TestSale.OpenAsync(stores);
        var order = await sale.ReserveAsync(1);
        var copy = await sale.CopyAsync();
        await sale.LoseAsync();
        await RebuiltAsync(sale);
        await sale.RestoreAsync(copy);
        Assert.Equal(s_tryAgain, await shop.PayAsync(order.OrderId, order.OrderId));
        Assert.Equal(s_tryAgain, await shop.CancelAsync(order.OrderId, 1));
        await stores.Losses.WatchAsync(CancellationToken.None);
        Assert.Equal(s_tryAgain, await shop.PayAsync(order.OrderId, order.OrderId));
        Assert.Empty(await shop.RefundsAsync(order.OrderId));

        await sale.ConsumeAsync(order);
        Assert.Equal(s_accepted, await shop.PayAsync(order.OrderId, order.OrderId));
        await RebuiltAsync(sale);
        await sale.AssertConservedAsync(100);
    }

    [Fact]
    public async Task Who_pays_an_order_that_Redis_has_lost_and_no_worker_has_read_yet_is_asked_to_come_again()
    {
        var sale = await TestSale.OpenAsync(stores);
        var order = await sale.ReserveAsync(1);
        await sale.LoseAsync();
        for (var watched = 0; watched < 2; watched++)
        {
            Assert.Equal(s_tryAgain, await shop.PayAsync(order.OrderId, order.OrderId));
            Assert.Equal(s_tryAgain, await shop.AskAsync(1, "GET", "/orders/" + order.OrderId));
            Assert.Equal(s_tryAgain, await shop.CancelAsync(order.OrderId, 1));
            await stores.Losses.WatchAsync(CancellationToken.None);
        }

        await sale.ConsumeAsync(order);
        await RebuiltAsync(sale);
        Assert.Equal(s_accepted, await shop.PayAsync(order.OrderId, order.OrderId));
        Assert.Empty(await shop.RefundsAsync(order.OrderId));
        await sale.AssertConservedAsync(100);
        // An order that nobody placed is unknown again.
        var unknown = order.OrderId[..8] + new string('0', 24);
        Assert.Equal((HttpStatusCode.NotFound, "unknown-order"), await shop.AskAsync(1, "GET", "/orders/" + unknown));
        Assert.Equal(s_refund, await shop.PayAsync(unknown, unknown + order.OrderId));
    }

    // The service watches, too, and may have the item at this moment.
    private Task<TimeSpan> RebuiltAsync(TestSale sale) => Eventually.IsTrueAsync(
        "the item is rebuilt",
        async () => await stores.Rebuild().RebuildAsync(await sale.AuditedAsync(), CancellationToken.None) == RebuildOutcome.Done);
}
