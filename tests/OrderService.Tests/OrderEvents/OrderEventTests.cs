using System.Diagnostics;
using System.Net;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Seckill.OrderService.OrderEvents;
using Seckill.OrderService.Payments;

namespace Seckill.OrderService.Tests.OrderEvents;

/// <summary>
/// Promise: a buyer who follows an order is told of each change, once, soon, at whatever instance, also across a reconnect; and
/// thousands who follow cost what one costs. Real connections, because buffering, aborts and stops are what goes wrong.
/// </summary>
[Collection(AllOrders.Name)]
public sealed class OrderEventTests(StoreFixture stores, Shop shop, ITestOutputHelper output) : IClassFixture<Shop>
{
    [Fact]
    public async Task A_stream_begins_with_the_present_status_and_ends_with_the_final_one()
    {
        var sale = await TestSale.OpenAsync(stores);
        var order = await sale.ReserveAsync(1);
        using var fromTheStart = await Following.OpenAsync(shop, order.OrderId, 1);
        Assert.Equal("text/event-stream", fromTheStart.ContentType);
        Assert.Equal("1 reserved", await fromTheStart.NextAsync());
        await sale.ConsumeAsync(order);
        Assert.Equal("2 placed", await fromTheStart.NextAsync());
        using var late = await Following.OpenAsync(shop, order.OrderId, 1);
        Assert.Equal("2 placed", await late.NextAsync());
        await sale.PayAsync(order, order.OrderId);
        Assert.Equal(["3 paid"], await fromTheStart.RestAsync());
        Assert.Equal(["3 paid"], await late.RestAsync());
        using var afterwards = await Following.OpenAsync(shop, order.OrderId, 1);
        Assert.Equal(["3 paid"], await afterwards.RestAsync());
    }

    [Theory]
    [InlineData("cancelled")]
    [InlineData("expired")]
    [InlineData("rejected")]
    public async Task Every_way_to_end_is_told(string status)
    {
        var sale = await TestSale.OpenAsync(stores);
        var order = await sale.ReserveAsync(1);
        using var following = await Following.OpenAsync(shop, order.OrderId, 1);
        Assert.Equal("1 reserved", await following.NextAsync());
        // In one transaction, so that no look at the order falls in between: what it had been is told all the same.
        await using (var connection = await stores.Database.OpenConnectionAsync())
        {
            await connection.ExecuteAsync(
                """
                insert into orders
                  (order_id, sale_id, sku_id, user_id, quantity, unit_price, currency, status, reserved_at, pay_by)
                values (@OrderId, @SaleId, @SkuId, 1, 1, 4999, 'EUR', @status, now(), now())
                """,
                new { order.OrderId, sale.Item.SaleId, sale.Item.SkuId, status });
        }

        Assert.Equal(status == "rejected" ? ["3 rejected"] : ["2 placed", "3 " + status], await following.RestAsync());
    }

    [Fact]
    public async Task A_reconnect_misses_nothing_and_repeats_nothing()
    {
        var sale = await TestSale.OpenAsync(stores);
        var order = await sale.ReserveAsync(1);
        using (var first = await Following.OpenAsync(shop, order.OrderId, 1))
        {
            Assert.Equal("1 reserved", await first.NextAsync());
        }

        // While nobody is connected, it is placed and paid.
        await sale.ConsumeAsync(order);
        await sale.PayAsync(order, order.OrderId);
        await using var elsewhere = Shop.NewApi();
        using var second = await Following.OpenAsync(shop, order.OrderId, 1, lastSeen: 1, api: elsewhere);
        Assert.Equal(["2 placed", "3 paid"], await second.RestAsync());
        using var third = await Following.OpenAsync(shop, order.OrderId, 1, lastSeen: 2, api: elsewhere);
        Assert.Equal(["3 paid"], await third.RestAsync());
        // A client comes back after the end, too, until it is told that there is nothing more.
        using var request = shop.As(1, "GET", $"/orders/{order.OrderId}/events");
        request.Headers.Add("Last-Event-ID", "3");
        using var answer = await elsewhere.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
    }

    [Fact]
    public async Task A_stream_that_has_nothing_to_say_opens_at_once_and_is_kept_alive()
    {
        var watch = new StoppedWatch();
        await using var api = new RunningService<Payment>(("role", "api"), ("Events:KeepAliveSeconds", "15")) { Clock = watch };
        var sale = await TestSale.OpenAsync(stores);
        var order = (await sale.PlaceManyAsync(1))[0];
        // The headers come, although there is nothing new since the client's last event.
        using var following = await Following.OpenAsync(shop, order.OrderId, 1, lastSeen: 2, api);
        var next = following.NextAsync();
        watch.Advance(TimeSpan.FromSeconds(14.9));
        await Task.WhenAny(next, Task.Delay(TimeSpan.FromSeconds(1)));
        Assert.False(next.IsCompleted);
        watch.Advance(TimeSpan.FromSeconds(0.1));
        Assert.Equal(": keep-alive", await next);
        await sale.PayAsync(order, order.OrderId);
        Assert.Equal(["3 paid"], await following.RestAsync());
    }

    [Fact]
    public async Task Nobody_but_its_owner_follows_an_order()
    {
        var sale = await TestSale.OpenAsync(stores);
        var order = (await sale.PlaceManyAsync(1))[0].OrderId;
        Assert.Equal((HttpStatusCode.NotFound, "unknown-order"), await shop.AskAsync(2, "GET", $"/orders/{order}/events"));
        Assert.Equal((HttpStatusCode.NotFound, "unknown-order"), await shop.AskAsync(1, "GET", "/orders/x/events"));
        using var answer = await shop.Api.Client.GetAsync(new Uri($"/orders/{order}/events", UriKind.Relative));
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
    }

    [Fact]
    public async Task A_stop_ends_the_streams_and_does_not_wait_for_them()
    {
        var api = Shop.NewApi(("Events:MostStreamsOfOrder", "10"));
        api.StartServer();
        var sale = await TestSale.OpenAsync(stores);
        var order = (await sale.PlaceManyAsync(1))[0];
        var open = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Following.OpenAsync(shop, order.OrderId, 1, lastSeen: 2, api)));
        var events = api.Services.GetRequiredService<OrderEventHub>();
        Assert.Equal(10, events.OpenStreams);
        var stopping = api.DisposeAsync().AsTask();
        foreach (var following in open)
        {
            Assert.Empty(await following.RestAsync());
            following.Dispose();
        }

        await stopping.WaitAsync(Eventually.Limit);
        Assert.Equal(0, events.OpenStreams);
    }

    [Fact]
    public async Task One_stream_too_many_is_told_to_come_back()
    {
        await using var api = Shop.NewApi(("Events:MostStreams", "2"));
        var sale = await TestSale.OpenAsync(stores);
        var order = (await sale.PlaceManyAsync(1))[0].OrderId;
        using var first = await Following.OpenAsync(shop, order, 1, api: api);
        var second = await Following.OpenAsync(shop, order, 1, api: api);
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "unavailable"), await shop.AskAsync(1, "GET", $"/orders/{order}/events", api));
        second.Dispose();
        await Eventually.IsTrueAsync(
            "the closed stream is forgotten", () => Task.FromResult(api.Services.GetRequiredService<OrderEventHub>().OpenStreams == 1));
        using var third = await Following.OpenAsync(shop, order, 1, api: api);
        Assert.Equal("2 placed", await third.NextAsync());
    }

    // Broken by a buyer who opens streams until no other buyer gets one.
    [Fact]
    public async Task Of_more_than_three_streams_of_an_order_or_ten_of_a_buyer_the_oldest_ends()
    {
        await using var api = Shop.NewApi();
        var sale = await TestSale.OpenAsync(stores, limit: 10);
        var orders = new List<string>();
        for (var i = 0; i < 5; i++)
        {
            orders.Add((await sale.ReserveAsync(1)).OrderId);
        }

        var open = new List<Following>();
        for (var i = 0; i < 4; i++)
        {
            open.Add(await OpenAsync(orders[0]));
        }

        Assert.Null(await open[0].NextAsync());
        var events = api.Services.GetRequiredService<OrderEventHub>();
        await Eventually.IsTrueAsync("three are open", () => Task.FromResult(events.OpenStreams == 3));
        foreach (var order in orders.Skip(1))
        {
            open.Add(await OpenAsync(order));
            open.Add(await OpenAsync(order));
        }

        // Eleven: the first one that was left.
        Assert.Null(await open[1].NextAsync());
        await Eventually.IsTrueAsync("ten are open", () => Task.FromResult(events.OpenStreams == 10));
        open.ForEach(one => one.Dispose());
        await Eventually.IsTrueAsync("all are forgotten", () => Task.FromResult(events.OpenStreams == 0));

        async Task<Following> OpenAsync(string order)
        {
            var following = await Following.OpenAsync(shop, order, 1, api: api);
            Assert.Equal("1 reserved", await following.NextAsync());
            return following;
        }
    }

    // Broken by a stream that is checked only when it is opened.
    [Fact]
    public async Task A_stream_ends_with_the_token_that_opened_it()
    {
        await using var api = Shop.NewApi();
        var sale = await TestSale.OpenAsync(stores);
        var order = (await sale.ReserveAsync(1)).OrderId;
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/orders/{order}/events");
        request.Headers.Authorization = new("Bearer", new Seckill.Shared.Security.BuyerToken(
            Seckill.Shared.Security.DevelopmentKeys.BuyerToken, TimeProvider.System).Sign(1, TimeSpan.FromSeconds(5)));
        using var response = await api.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).WaitAsync(Eventually.Limit);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Contains("reserved", await response.Content.ReadAsStringAsync().WaitAsync(Eventually.Limit), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Five_thousand_open_streams_cost_neither_threads_nor_connections_and_leave_nothing_behind()
    {
        const int Streams = 5_000, MostThreads = 100, MostConnections = 20;
        await using var api = Shop.NewApi(
            ("ConnectionStrings:Orders", Servers.OrdersConnection + ";Application Name=followed"), ("Events:KeepAliveSeconds", "3600"),
            ("Events:MostStreamsOfUser", "1000000"));
        api.StartServer();
        var sale = await TestSale.OpenAsync(stores);
        await sale.ExecuteAsync(
            """
            insert into orders
              (order_id, sale_id, sku_id, user_id, quantity, unit_price, currency, status, reserved_at, pay_by)
            select md5(@SaleId || '-' || i), @SaleId, 1001, 1, 1, 4999, 'EUR', 'placed', now(), now() + interval '1 hour'
            from generate_series(1, @Streams) i
            """,
            new { sale.Item.SaleId, Streams });
        var orders = (await sale.StatusesAsync()).Keys.ToArray();
        using var client = new HttpClient(new SocketsHttpHandler()) { BaseAddress = api.ClientOptions.BaseAddress };
        var open = new Following[Streams];
        var opening = Stopwatch.GetTimestamp();
        await Parallel.ForEachAsync(
            Enumerable.Range(0, Streams), new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (i, _) =>
            {
                open[i] = await Following.OpenAsync(shop, orders[i], 1, client: client);
                Assert.Equal("2 placed", await open[i].NextAsync());
            });
        output.WriteLine($"{Streams} streams opened in {Stopwatch.GetElapsedTime(opening).TotalSeconds:0.0} s");
        var events = api.Services.GetRequiredService<OrderEventHub>();
        Assert.Equal(Streams, events.OpenStreams);
        var connections = await sale.CountAsync("pg_stat_activity where application_name = 'followed'");
        using var process = Process.GetCurrentProcess();
        output.WriteLine($"{process.Threads.Count} threads, {connections} connections to PostgreSQL");
        Assert.InRange(process.Threads.Count, 1, MostThreads);
        Assert.InRange(connections, 1, MostConnections);

        var told = open.Select(async following =>
        {
            Assert.Equal("3 cancelled", await following.NextAsync());
            var at = Stopwatch.GetTimestamp();
            Assert.Null(await following.NextAsync());
            following.Dispose();
            return at;
        }).ToArray();
        await sale.ExecuteAsync("update orders set status = 'cancelled' where order_id = @first", new { first = orders[0] });
        var committed = Stopwatch.GetTimestamp();
        output.WriteLine($"one of them heard of its change {Stopwatch.GetElapsedTime(committed, await told[0]).TotalMilliseconds:0} ms "
            + "after the commit");
        await sale.ExecuteAsync("update orders set status = 'cancelled' where sale_id = @SaleId");
        committed = Stopwatch.GetTimestamp();
        var delays = (await Task.WhenAll(told)).Skip(1)
            .Select(at => Stopwatch.GetElapsedTime(committed, at).TotalMilliseconds).Order().ToArray();
        output.WriteLine($"all at once: median {delays[delays.Length / 2]:0} ms, last {delays[^1]:0} ms after the commit");
        await Eventually.IsTrueAsync("every stream is forgotten", () => Task.FromResult(events.OpenStreams == 0));
    }

    [Fact]
    public async Task An_event_reaches_a_client_of_another_instance_soon_after_the_commit()
    {
        const int Tries = 20;
        await using var other = Shop.NewApi();
        var sale = await TestSale.OpenAsync(stores, units: Tries);
        var delays = new List<double>();
        foreach (var order in await sale.PlaceManyAsync(Tries))
        {
            using var following = await Following.OpenAsync(shop, order.OrderId, order.UserId, lastSeen: 2, api: other);
            Assert.Equal((HttpStatusCode.OK, "cancelled"), await shop.CancelAsync(order.OrderId, order.UserId));
            var committed = Stopwatch.GetTimestamp();
            Assert.Equal("3 cancelled", await following.NextAsync());
            delays.Add(Stopwatch.GetElapsedTime(committed).TotalMilliseconds);
        }

        output.WriteLine($"after the answer to the cancellation: mean {delays.Average():0} ms, longest {delays.Max():0} ms");
    }
}
