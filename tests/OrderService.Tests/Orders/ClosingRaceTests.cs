using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Seckill.OrderService.Orders;
using Seckill.OrderService.Payments;
using Seckill.Shared.Contracts;

namespace Seckill.OrderService.Tests.Orders;

/// <summary>
/// Promise: of payment, cancellation and expiry exactly one wins, and the loser's money is listed for refund, once. Checking first
/// and acting after would let two win; so 2,000 orders are attacked from all sides at once, on the real row locks.
/// </summary>
[Collection(AllOrders.Name)]
public sealed class ClosingRaceTests(StoreFixture stores)
{
    [Fact]
    public async Task Of_payment_cancellation_and_expiry_exactly_one_wins_for_each_of_2000_orders()
    {
        const int Orders = 2_000;
        var sale = await TestSale.OpenAsync(stores, units: Orders, limit: 1);
        var orders = await sale.PlaceManyAsync(Orders);
        await sale.MakeOverdueAsync([.. orders.Select(order => order.OrderId)]);
        var (paid, cancelled, refunds) = (new ConcurrentBag<string>(), new ConcurrentBag<string>(), 0);
        using var returner = stores.Returns(batch: 50);
        await returner.StartAsync(CancellationToken.None);

        var expiring = Task.WhenAll(Enumerable.Range(0, 2).Select(_ => ExpireSlowlyAsync(sale)));
        var payingAndCancelling = Parallel.ForEachAsync(
            orders.SelectMany(order => new[] { (order, 0), (order, 1), (order, 2) }).OrderBy(entry => entry.order.OrderId[^4..]),
            new ParallelOptions { MaxDegreeOfParallelism = 12 },
            async (entry, token) =>
            {
                var (order, way) = entry;
                if (way == 0)
                {
                    if (await stores.Closing.TryCancelAsync(order.OrderId, token))
                    {
                        cancelled.Add(order.OrderId);
                    }
                }
                else if (await PayAsync(sale, order, way) == PaymentOutcome.Accepted)
                {
                    paid.Add(order.OrderId);
                }
                else
                {
                    Interlocked.Increment(ref refunds);
                }
            });
        await Task.WhenAll(expiring, payingAndCancelling);
        await sale.AllReturnedAsync();
        await returner.StopAsync(CancellationToken.None);

        var statuses = await sale.StatusesAsync();
        Assert.Equal(Orders, statuses.Count);
        Assert.Equal(paid.Order(), statuses.Where(row => row.Value == "paid").Select(row => row.Key).Order());
        Assert.Equal(cancelled.Order(), statuses.Where(row => row.Value == "cancelled").Select(row => row.Key).Order());
        Assert.DoesNotContain("placed", statuses.Values);
        Assert.All(["paid", "cancelled", "expired"], status => Assert.Contains(status, statuses.Values));

        // Money: every payment sent is accepted or listed for refund, and an order has one accepted payment if it is paid.
        const string ofSale = "p join orders o using (order_id) where o.sale_id = @SaleId";
        Assert.Equal(2 * Orders, paid.Count + refunds);
        Assert.Equal(paid.Count, await sale.CountAsync($"payments {ofSale} and p.outcome = 'accepted' and o.status = 'paid'"));
        Assert.Equal(refunds, await sale.CountAsync($"payments {ofSale} and p.outcome = 'refund'"));
        Assert.Equal(refunds, await sale.CountAsync($"refunds {ofSale}"));
        Assert.Equal(0, await sale.CountAsync(
            $"refunds {ofSale} and p.reason <> case o.status when 'paid' then 'already-paid' else o.status end"));
        Assert.Equal(Orders - paid.Count, (await sale.InspectAsync()).Available);
        await sale.AssertConservedAsync(Orders);
    }

    [Fact]
    public async Task Many_overdue_orders_of_many_items_are_each_expired_once_by_several_workers()
    {
        const int Items = 6, OrdersEach = 150;
        var sales = await Task.WhenAll(Enumerable.Range(0, Items).Select(_ => TestSale.OpenAsync(stores, units: OrdersEach)));
        var orders = await Task.WhenAll(sales.Select(sale => sale.PlaceManyAsync(OrdersEach)));
        await sales[0].MakeOverdueAsync([.. orders.SelectMany(list => list).Select(order => order.OrderId)]);
        // Mixed, so that every batch has orders of all items, each batch in an order of its own.
        await sales[0].ExecuteAsync(
            "update orders set pay_by = now() - random() * interval '1 hour' where sale_id = any(@ids)",
            new { ids = sales.Select(sale => sale.Item.SaleId).ToArray() });
        var expired = 0;
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            int batch;
            do
            {
                batch = await stores.Closing.ExpireAsync(20, CancellationToken.None);
                Assert.InRange(batch, 0, 20);
                Interlocked.Add(ref expired, batch);
            }
            while (batch > 0);
        }));
        // Each worker passes by what another has locked, so the last batches may need one more look.
        Interlocked.Add(ref expired, await stores.Closing.ExpireAsync(10_000, CancellationToken.None));
        foreach (var sale in sales)
        {
            Assert.All((await sale.StatusesAsync()).Values, status => Assert.Equal("expired", status));
            Assert.Equal(0, await sale.ScalarAsync<int>("select live from sale_items where sale_id = @SaleId"));
            Assert.Equal(OrdersEach, await sale.CountAsync("stock_returns where sale_id = @SaleId"));
        }

        // Other tests may have left overdue orders.
        Assert.InRange(expired, Items * OrdersEach, int.MaxValue);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_worker_expires_whatever_is_overdue_and_rests_only_while_a_sale_is_on(bool isSaleOn)
    {
        const int Orders = 95;
        var sale = await TestSale.OpenAsync(stores, units: Orders);
        var orders = await sale.PlaceManyAsync(Orders);
        await sale.MakeOverdueAsync([.. orders.Select(order => order.OrderId)]);
        var (activity, clock) = (new SaleActivity(TimeProvider.System), new ClockOfRests());
        using var expiry = new OrderExpiry(
            stores.Closing, activity, Options.Create(new ExpiryOptions { IntervalMilliseconds = 10, MaxBatch = 10 }),
            clock, NullLogger<OrderExpiry>.Instance);
        if (isSaleOn)
        {
            activity.Notice();
        }

        await expiry.StartAsync(CancellationToken.None);
        await Eventually.IsTrueAsync("all are expired", async () =>
        {
            if (isSaleOn)
            {
                activity.Notice();
            }

            return await sale.CountAsync("orders where sale_id = @SaleId and status = 'expired'") == Orders;
        });
        await expiry.StopAsync(CancellationToken.None);
        Assert.Equal(isSaleOn, clock.Rests > 0);
        Assert.Equal(Orders, await sale.CountAsync("stock_returns where sale_id = @SaleId"));
    }

    [Fact]
    public async Task The_clock_of_the_database_decides_what_is_overdue()
    {
        var sale = await TestSale.OpenAsync(stores, payWithinSeconds: 3600);
        var orders = await sale.PlaceManyAsync(2);
        await sale.MakeOverdueAsync(orders[0].OrderId);
        while (await stores.Closing.ExpireAsync(1_000, CancellationToken.None) > 0)
        {
        }

        var statuses = await sale.StatusesAsync();
        Assert.Equal(("expired", "placed"), (statuses[orders[0].OrderId], statuses[orders[1].OrderId]));
        Assert.InRange(await sale.ScalarAsync<double>(
            "select extract(epoch from pay_by - placed_at)::float8 from orders where sale_id = @SaleId and status = 'placed'"), 3540, 3600);
    }

    [Fact]
    public async Task An_item_whose_ledger_is_wrong_does_not_keep_the_others_from_expiring()
    {
        var (broken, sound) = (await TestSale.OpenAsync(stores, units: 3), await TestSale.OpenAsync(stores, units: 3));
        var orders = (await broken.PlaceManyAsync(3)).Concat(await sound.PlaceManyAsync(3));
        await broken.ExecuteAsync("update sale_items set live = 1 where sale_id = @SaleId");
        await broken.MakeOverdueAsync([.. orders.Select(order => order.OrderId)]);
        await Assert.ThrowsAsync<PostgresException>(() => stores.Closing.ExpireAsync(1_000, CancellationToken.None));
        Assert.All((await sound.StatusesAsync()).Values, status => Assert.Equal("expired", status));
        Assert.All((await broken.StatusesAsync()).Values, status => Assert.Equal("placed", status));
        await broken.ExecuteAsync("update sale_items set live = 3 where sale_id = @SaleId");
        Assert.InRange(await stores.Closing.ExpireAsync(1_000, CancellationToken.None), 3, 1_000);
        Assert.All((await broken.StatusesAsync()).Values, status => Assert.Equal("expired", status));
    }

    [Fact]
    public void A_sale_is_on_until_a_second_after_the_last_batch()
    {
        var watch = new FakeTimeProvider();
        var activity = new SaleActivity(watch);
        Assert.False(activity.IsSaleOn);
        activity.Notice();
        watch.Advance(TimeSpan.FromSeconds(0.9));
        Assert.True(activity.IsSaleOn);
        watch.Advance(TimeSpan.FromSeconds(0.1));
        Assert.False(activity.IsSaleOn);
    }

    /// <summary>Every batch takes ten milliseconds by this clock, and whoever waits longer than that rests.</summary>
    private sealed class ClockOfRests : TimeProvider
    {
        private long _now;
        private int _rests;

        public int Rests => _rests;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Interlocked.Add(ref _now, TimeSpan.TicksPerMillisecond * 10);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            _ = dueTime > TimeSpan.FromMilliseconds(10) ? Interlocked.Increment(ref _rests) : 0;
            return base.CreateTimer(callback, state, dueTime, period);
        }
    }

    private static Task<PaymentOutcome> PayAsync(TestSale sale, ReservedOrder order, int way) =>
        sale.PayAsync(order, $"{order.OrderId}-{way}");

    // In small bites, so that payments and cancellations get their share of the wins.
    private async Task ExpireSlowlyAsync(TestSale sale)
    {
        while (await sale.CountAsync("orders where sale_id = @SaleId and status = 'placed'") > 0)
        {
            await stores.Closing.ExpireAsync(3, CancellationToken.None);
        }
    }
}
