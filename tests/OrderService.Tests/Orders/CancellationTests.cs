using System.Diagnostics.Metrics;
using System.Net;
using Seckill.OrderService.Payments;
using Seckill.Shared.Stock;

namespace Seckill.OrderService.Tests.Orders;

/// <summary>
/// Promise: a buyer may change their mind until the order is paid or over, also before it has a row, and the units are for sale again
/// within a second: at every instance, to everybody, also when the news of it is lost. Over HTTP, with the returner of the service.
/// </summary>
[Collection(AllOrders.Name)]
public sealed class CancellationTests(StoreFixture stores, Shop shop) : IClassFixture<Shop>
{
    private static readonly (HttpStatusCode, string) s_cancelled = (HttpStatusCode.OK, "cancelled");
    private static readonly (HttpStatusCode, string) s_notCancellable = (HttpStatusCode.Conflict, "not-cancellable");
    private static readonly (HttpStatusCode, string) s_unknown = (HttpStatusCode.NotFound, "unknown-order");

    // With a watch that stands still, what a user may ask for never grows back.
    private static readonly (string, string) s_patientWithUsers = ("RateLimits:UserBurst", "1000000");

    [Fact]
    public async Task A_buyer_cancels_as_often_as_they_like_and_the_stock_comes_back_once()
    {
        var sale = await TestSale.OpenAsync(stores, units: 5);
        var order = (await sale.PlaceManyAsync(1))[0].OrderId;
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => shop.CancelAsync(order, 1)));
        Assert.All([.. answers, await shop.CancelAsync(order, 1)], answer => Assert.Equal(s_cancelled, answer));
        Assert.Equal(s_cancelled, await shop.AskAsync(1, "GET", "/orders/" + order));
        await sale.AllReturnedAsync();
        await sale.AssertConservedAsync(5);
    }

    [Fact]
    public async Task Nobody_cancels_the_order_of_another_or_one_that_does_not_exist()
    {
        var sale = await TestSale.OpenAsync(stores);
        var (placed, reserved) = ((await sale.PlaceManyAsync(1))[0].OrderId, (await sale.ReserveAsync(1)).OrderId);
        foreach (var order in new[] { placed, reserved, reserved[..8] + new string('0', OrderId.SuffixLength), "x", "%27" })
        {
            Assert.Equal(s_unknown, await shop.CancelAsync(order, 2));
        }

        Assert.Equal((HttpStatusCode.OK, "placed"), await shop.AskAsync(1, "GET", "/orders/" + placed));
        Assert.Equal((HttpStatusCode.OK, "reserved"), await shop.AskAsync(1, "GET", "/orders/" + reserved));
        using var answer = await shop.Api.Client.PostAsync(new Uri($"/orders/{placed}/cancel", UriKind.Relative), null);
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
    }

    [Theory]
    [InlineData("paid")]
    [InlineData("expired")]
    [InlineData("rejected")]
    public async Task What_is_paid_or_over_cannot_be_cancelled(string status)
    {
        var sale = await TestSale.OpenAsync(stores);
        var order = (await sale.PlaceManyAsync(1))[0].OrderId;
        await sale.ExecuteAsync($"update orders set status = '{status}' where order_id = '{order}'");
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal(s_notCancellable, await shop.CancelAsync(order, 1));
        }

        Assert.Equal(status, (await sale.StatusesAsync())[order]);
        Assert.Equal(0, await sale.CountAsync("stock_returns where sale_id = @SaleId"));
    }

    [Fact]
    public async Task An_order_that_is_only_reserved_is_cancelled_and_its_message_changes_nothing_afterwards()
    {
        var sale = await TestSale.OpenAsync(stores, units: 5);
        var order = await sale.ReserveAsync(1);
        Assert.Equal((HttpStatusCode.OK, "reserved"), await shop.AskAsync(1, "GET", "/orders/" + order.OrderId));
        Assert.Equal(s_cancelled, await shop.CancelAsync(order.OrderId, 1));
        await sale.ConsumeAsync(order);
        await sale.AllReturnedAsync();
        Assert.Equal(s_cancelled, await shop.CancelAsync(order.OrderId, 1));
        Assert.Equal(5, (await sale.InspectAsync()).Available);
        await sale.AssertConservedAsync(5);
    }

    [Fact]
    public async Task Of_a_cancellation_and_a_payment_at_the_same_moment_one_wins()
    {
        const int Orders = 60;
        var sale = await TestSale.OpenAsync(stores, units: Orders);
        var placed = await sale.PlaceManyAsync(Orders / 2);
        var reserved = await Task.WhenAll(Enumerable.Range(Orders / 2 + 1, Orders / 2).Select(user => sale.ReserveAsync(user)));
        foreach (var order in placed.Concat(reserved))
        {
            var (cancel, pay) = (shop.CancelAsync(order.OrderId, order.UserId), shop.PayAsync(order.OrderId, order.OrderId));
            Assert.Equal(await cancel == s_cancelled, await pay == (HttpStatusCode.OK, "refund"));
            Assert.Equal(await cancel == s_notCancellable, await pay == (HttpStatusCode.OK, "accepted"));
            Assert.Equal(await cancel == s_cancelled ? 1 : 0, (await shop.RefundsAsync(order.OrderId)).Count);
        }

        await sale.ConsumeAsync(reserved);
        await sale.AllReturnedAsync();
        await sale.AssertConservedAsync(Orders);
    }

    [Fact]
    public async Task Returned_units_are_for_sale_at_every_instance_at_the_news_of_them()
    {
        // The watch of this instance stands still, so its knowledge never grows old: only the news can open its gate to those who
        // have bought nothing.
        await using var other = Shop.NewApi();
        await using var stopped = new RunningService<Payment>(("role", "api"), s_patientWithUsers) { Clock = new StoppedWatch() };
        var sale = await TestSale.OpenAsync(stores, units: 1, limit: 1);
        var (_, order) = await shop.BuyAsync(sale, 1, other);
        await CloseGateAsync(sale, stopped);
        Assert.Equal(s_cancelled, await shop.CancelAsync(order, 1));
        await Eventually.IsTrueAsync(
            "another buyer gets the unit", async () => (await shop.BuyAsync(sale, 2, stopped)).Status == HttpStatusCode.Accepted);
        await sale.AllReturnedAsync();
        Assert.Equal((0, 1), ((await sale.InspectAsync()).Available, (await sale.InspectAsync()).Held));
    }

    [Fact]
    public async Task A_buyer_who_cancelled_may_buy_again()
    {
        var sale = await TestSale.OpenAsync(stores, units: 5, limit: 1);
        var (_, first) = await shop.BuyAsync(sale, 1);
        Assert.Equal((HttpStatusCode.Conflict, "limit-reached"), await shop.BuyAsync(sale, 1));
        Assert.Equal(s_cancelled, await shop.CancelAsync(first, 1));
        (HttpStatusCode Status, string Order) second = default;
        await Eventually.IsTrueAsync(
            "the buyer may buy again", async () => (second = await shop.BuyAsync(sale, 1)).Status == HttpStatusCode.Accepted);
        Assert.NotEqual(first, second.Order);
        Assert.Equal((HttpStatusCode.OK, "reserved"), await shop.AskAsync(1, "GET", "/orders/" + second.Order));
    }

    [Fact]
    public async Task Returned_units_are_for_sale_within_a_second_when_the_news_is_lost()
    {
        var watch = new StoppedWatch();
        await using var api = new RunningService<Payment>(("role", "api"), s_patientWithUsers) { Clock = watch };
        var sale = await TestSale.OpenAsync(stores, units: 1, limit: 1);
        var (_, order) = await shop.BuyAsync(sale, 1);
        await CloseGateAsync(sale, api);
        // The script of the returner, telling of another item.
        var tag = $"seckill:{{{sale.Item}}}:";
        var reply = await stores.Redis.ScriptEvaluateAsync(
            StockScript.Load("release.lua"),
            [tag + "item", tag + "buyers", tag + "holds", tag + "outbox", tag + "orders", tag + "returned"],
            ["1:1", 1, order]);
        Assert.Equal(1, (int)reply[0]);
        Assert.Equal((HttpStatusCode.Conflict, "sold-out"), await shop.BuyAsync(sale, 3, api));
        watch.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(HttpStatusCode.Accepted, (await shop.BuyAsync(sale, 3, api)).Status);
    }

    // Until a refusal comes from the gate itself. With its watch standing still, it lets one probe through and then none.
    private async Task CloseGateAsync(TestSale sale, RunningService<Payment> api)
    {
        long refusals = 0;
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Name == "seckill.gate.refusals")
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((_, refused, _, _) => Interlocked.Add(ref refusals, refused));
        listener.Start();
        await Eventually.IsTrueAsync("the gate refuses by itself", async () =>
        {
            Assert.Equal((HttpStatusCode.Conflict, "sold-out"), await shop.BuyAsync(sale, 1_000, api));
            return Interlocked.Read(ref refusals) > 0;
        });
    }
}
