using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Seckill.OrderService.Overload;
using Seckill.OrderService.Reservations;
using Seckill.OrderService.Tests.Storefront;
using Seckill.Shared.Stock;
using Seckill.Shared.Telemetry;

namespace Seckill.OrderService.Tests.Overload;

/// <summary>
/// Promise: when more come than can be served, sale pages and new clicks are refused before those who were promised something; a retry by
/// a known key, a payment and a cancellation never are; and a refusal does nothing. Broken by an endpoint without its class, with another
/// one, or by a click that is counted in and never out.
/// </summary>
public sealed class OverloadTests : IAsyncLifetime
{
    private static readonly (int, string?) s_busy = (503, "busy");
    private readonly long _user = TestItem.NewId() >> 1;
    private CrowdedStorefront _storefront = null!;

    public async ValueTask InitializeAsync() => _storefront = await CrowdedStorefront.StartAsync();

    public ValueTask DisposeAsync() => _storefront.DisposeAsync();

    [Theory]
    [InlineData(null)]
    [InlineData("unknown-key")]
    public async Task A_new_click_is_shed_when_its_part_of_the_limit_is_used_and_admitted_before(string? key)
    {
        var item = await TestItem.OpenAsync();
        Assert.Equal(202, (await _storefront.ClickAsync(item, _user, key)).Status);
        _storefront.Fill(9);
        var before = await item.InspectAsync();
        Assert.Equal(s_busy, await _storefront.ClickAsync(item, _user + 1, key));
        Assert.Equal(before.Held, (await item.InspectAsync()).Held);
        _storefront.Fill(8);
        Assert.Equal(202, (await _storefront.ClickAsync(item, _user + 1, key)).Status);
    }

    [Fact]
    public async Task Every_click_that_is_counted_in_is_counted_out()
    {
        var (item, upcoming) = (await TestItem.OpenAsync(units: 3), await TestItem.OpenAsync(opensIn: TimeSpan.FromHours(1)));
        (int, string?)[] answers =
        [
            .. await Task.WhenAll(Enumerable.Range(0, 5).Select(i => _storefront.ClickAsync(item, _user + i, "k"))),
            await _storefront.ClickAsync(item, _user), await _storefront.ClickAsync(upcoming, _user),
            await _storefront.ClickAsync(new TestItem(), _user), await _storefront.ClickAsync(item, 0),
        ];
        Assert.Contains(answers, answer => answer.Item1 == 202);
        Assert.Contains((409, "sold-out"), answers);
        Assert.Contains((404, "unknown-item"), answers);
        Assert.Contains((401, "unauthenticated"), answers);
        // The answer may be there a moment before the request has ended.
        await Eventually.IsTrueAsync("no click is in flight", () => _storefront.Controller.InFlight == 0);
    }

    [Fact]
    public async Task A_retry_by_a_key_that_this_instance_knows_is_never_shed()
    {
        var item = await TestItem.OpenAsync();
        var (status, order) = await _storefront.ClickAsync(item, _user, "click");
        Assert.Equal(202, status);
        _storefront.Exhaust();
        Assert.Equal((202, order), await _storefront.ClickAsync(item, _user, "click"));
        Assert.Equal(s_busy, await _storefront.ClickAsync(item, _user + 1, "click"));
    }

    [Fact]
    public async Task A_retry_of_an_order_that_another_instance_took_is_known_by_its_buyer()
    {
        await using var another = await CrowdedStorefront.StartAsync();
        var item = await TestItem.OpenAsync();
        var batcher = _storefront.Host.Services.GetRequiredService<ReservationBatcher>();
        // Buyers come here, too, so that the instance knows the item.
        Assert.Equal(202, (await _storefront.ClickAsync(item, _user + 1)).Status);
        var (_, order) = await another.ClickAsync(item, _user, "click");
        // As the watch does while half of the limit is in use.
        batcher.ReadBuyers();
        await Eventually.IsTrueAsync("the buyer is known", () => batcher.Find(item.Key)!.MayBeBuyer(_user));
        _storefront.Exhaust();
        Assert.Equal((202, order), await _storefront.ClickAsync(item, _user, "click"));
        Assert.Equal(s_busy, await _storefront.ClickAsync(item, _user + 2, "click"));
    }

    [Fact]
    public async Task Payments_and_cancellations_are_never_shed()
    {
        var item = await TestItem.OpenEverywhereAsync();
        var orders = await OrdersAsync(item, 2);
        _storefront.Exhaust();
        Assert.Equal((200, null), await _storefront.AskAsync(HttpMethod.Post, "/payments", _user, CrowdedStorefront.Payment(orders[0])));
        Assert.Equal((200, null), await _storefront.AskAsync(HttpMethod.Post, $"/orders/{orders[1]}/cancel", _user));
    }

    [Fact]
    public async Task Who_follows_an_order_is_shed_only_when_nothing_else_is_left_to_shed()
    {
        var item = await TestItem.OpenEverywhereAsync();
        var order = (await OrdersAsync(item, 1))[0];
        (HttpMethod Method, string Path)[] polls =
        [
            (HttpMethod.Get, $"/orders/{order}"), (HttpMethod.Get, $"/orders/{order}/events"),
            (HttpMethod.Post, $"/orders/{order}/stream-ticket"),
            (HttpMethod.Get, string.Create(CultureInfo.InvariantCulture, $"/orders?saleId={item.Key.SaleId}")),
        ];
        _storefront.Fill(10);
        foreach (var (method, path) in polls)
        {
            Assert.Null((await _storefront.AskAsync(method, path, _user)).Code);
        }

        _storefront.Exhaust();
        foreach (var (method, path) in polls)
        {
            Assert.Equal(s_busy, await _storefront.AskAsync(method, path, _user));
        }
    }

    [Fact]
    public async Task Who_has_a_pass_or_waits_for_one_is_shed_after_the_new_clicks()
    {
        var sale = await QueuedSale.OpenAsync(_storefront.Host, TimeSpan.FromHours(-1));
        await sale.RegisterAsync(_user);
        var pass = await sale.PassAsync(_user);
        // So that the item is known here.
        Assert.Equal((403, "pass-required"), QueuedSale.Refusal(await sale.OrderAsync(_user, null)));
        _storefront.Fill(10);
        Assert.Equal((503, "busy"), QueuedSale.Refusal(await sale.OrderAsync(_user, pass)));
        Assert.Equal((503, "busy"), QueuedSale.Refusal(await sale.PollAsync(_user)));
        Assert.Equal((503, "busy"), QueuedSale.Refusal(await sale.RegisterAsync(_user + 1)));
        _storefront.Fill(9);
        Assert.Equal((503, "busy"), QueuedSale.Refusal(await sale.OrderAsync(_user + 1, null)));
        Assert.Equal(202, (await sale.RegisterAsync(_user + 1)).Status);
        Assert.Equal(202, (await sale.OrderAsync(_user, pass)).Status);
        // Not by the word of the buyer: whoever has no right to it gets no room for it.
        Assert.Equal((403, "pass-required"), QueuedSale.Refusal(await sale.OrderAsync(_user + 1, "forged")));
    }

    [Fact]
    public async Task A_pass_for_a_sale_without_a_room_is_worth_nothing()
    {
        var (item, sale) = (await TestItem.OpenAsync(), await QueuedSale.OpenAsync(_storefront.Host, TimeSpan.FromHours(-1)));
        await sale.RegisterAsync(_user);
        Assert.Equal(202, (await _storefront.ClickAsync(item, _user + 1)).Status);
        var (pass, body) = (await sale.PassAsync(_user), string.Create(
            CultureInfo.InvariantCulture, $$"""{"saleId":{{item.Key.SaleId}},"skuId":{{item.Key.SkuId}},"quantity":1}"""));
        _storefront.Fill(9);
        Assert.Equal((503, "busy"), QueuedSale.Refusal(await sale.AskAsync(
            HttpMethod.Post, "/orders", _user, ("Sale-Pass", pass), body)));
    }

    [Fact]
    public async Task Sale_pages_are_shed_before_the_clicks()
    {
        var item = await TestItem.OpenEverywhereAsync();
        string[] pages = [CrowdedStorefront.SaleOf(item), "/sales"];
        _storefront.Fill(7);
        foreach (var page in pages)
        {
            Assert.Equal((200, null), await _storefront.AskAsync(HttpMethod.Get, page, _user));
        }

        _storefront.Fill(8);
        foreach (var page in pages)
        {
            Assert.Equal(s_busy, await _storefront.AskAsync(HttpMethod.Get, page, _user));
        }

        Assert.Equal(s_busy, await _storefront.AskAsync(HttpMethod.Get, CrowdedStorefront.SaleOf(item) + "/queue/proof", _user));
        Assert.Equal(202, (await _storefront.ClickAsync(item, _user)).Status);
    }

    [Fact]
    public async Task A_token_is_exchanged_while_clicks_are_admitted()
    {
        _storefront.Fill(8);
        Assert.Equal((200, null), await _storefront.AskAsync(HttpMethod.Post, "/tokens", _user));
        _storefront.Fill(9);
        Assert.Equal(s_busy, await _storefront.AskAsync(HttpMethod.Post, "/tokens", _user));
    }

    [Fact]
    public async Task Sold_out_is_said_however_many_there_are()
    {
        var item = await TestItem.OpenEverywhereAsync(units: 1);
        Assert.Equal(202, (await _storefront.ClickAsync(item, _user)).Status);
        // The gate closes when the buyers are read.
        await Eventually.IsTrueAsync("the gate refuses", async () =>
            (await _storefront.ClickAsync(item, _user + 1)).Word == "sold-out"
            && _storefront.Host.Services.GetRequiredService<ReservationBatcher>().Find(item.Key)!.Gate.Refuses(_user + 1));
        _storefront.Fill(9);
        Assert.Equal((409, "sold-out"), await _storefront.ClickAsync(item, _user + 1, "key"));
        // Without a key it costs less to say that too many came than to find out for whom.
        Assert.Equal(s_busy, await _storefront.ClickAsync(item, _user + 1));
    }

    [Fact]
    public async Task A_refusal_says_when_to_come_again_within_the_longest_time()
    {
        var item = await TestItem.OpenAsync();
        _storefront.Fill(10);
        for (var i = 0; i < 1_000; i++)
        {
            _storefront.Controller.CountShed(RequestClass.NewClick);
        }

        _storefront.Controller.Update(_storefront.Controller.Options, default, default, served: 1);
        var told = new SortedSet<TimeSpan?>();
        for (var i = 0; i < 100; i++)
        {
            using var answer = await _storefront.Host.OrderAsync(item.Key, _user);
            told.Add(answer.Headers.RetryAfter!.Delta);
        }

        Assert.Equal([TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(3)], told);
    }

    [Fact]
    public async Task The_dashboard_hears_who_is_shed_and_why()
    {
        var heard = new ConcurrentQueue<Heartbeat>();
        Heartbeat.Listen(Servers.Redis, heard.Enqueue);
        var item = await TestItem.OpenAsync();
        _storefront.Fill(9);
        Assert.Equal(s_busy, await _storefront.ClickAsync(item, _user));
        Assert.Equal(s_busy, await _storefront.AskAsync(HttpMethod.Get, "/sales", _user));
        await Eventually.IsTrueAsync("a heartbeat has both", () => heard.Any(heartbeat =>
            heartbeat.Shed is { } shed && shed.GetValueOrDefault("new-click burst") == 1 && shed.GetValueOrDefault("sale-page burst") == 1
            && heartbeat.Answers.GetValueOrDefault("busy") >= 1));
    }

    // Placed, so that a payment and a cancellation need nothing but PostgreSQL.
    private async Task<List<string>> OrdersAsync(TestItem item, int count)
    {
        var orders = new List<string>();
        for (var i = 0; i < count; i++)
        {
            orders.Add((await _storefront.ClickAsync(item, _user)).Word!);
        }

        await Eventually.IsTrueAsync("the orders are rows", async () => (await item.RowsAsync()).Count == count);
        return orders;
    }
}
