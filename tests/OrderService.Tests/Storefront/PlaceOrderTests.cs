using System.Globalization;
using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Seckill.OrderService.Storefront;
using Seckill.Shared.Stock;

namespace Seckill.OrderService.Tests.Storefront;

/// <summary>What POST /orders answers for every outcome: clients are written against these statuses, codes and members.</summary>
public sealed class PlaceOrderTests(StorefrontHost storefront)
{
    private readonly long _user = TestItem.NewId();

    [Fact]
    public async Task A_reserved_order_is_accepted_with_its_place()
    {
        var item = await TestItem.OpenEverywhereAsync();
        using var response = await storefront.OrderAsync(item.Key, _user, 2);
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        Assert.Equal("application/json", response.Content.Headers.ContentType!.ToString());
        var order = await ReadAsync(response);
        Assert.Equal(
            ["orderId", "status", "saleId", "skuId", "quantity", "unitPrice", "currency", "reservedAt", "payBy"],
            order.EnumerateObject().Select(member => member.Name));
        var orderId = order.GetProperty("orderId").GetString()!;
        Assert.True(OrderId.IsValid(orderId));
        Assert.Equal("/orders/" + orderId, response.Headers.Location!.ToString());
        Assert.Equal("reserved", order.GetProperty("status").GetString());
        Assert.Equal(item.Key, new ItemKey(order.GetProperty("saleId").GetInt64(), order.GetProperty("skuId").GetInt64()));
        Assert.Equal((2, 4999L, "EUR"), (
            order.GetProperty("quantity").GetInt32(),
            order.GetProperty("unitPrice").GetInt64(),
            order.GetProperty("currency").GetString()));
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$", order.GetProperty("reservedAt").GetString());
        Assert.Equal(order.GetProperty("reservedAt").GetDateTimeOffset().AddSeconds(900), order.GetProperty("payBy").GetDateTimeOffset());
    }

    [Fact]
    public async Task The_same_key_gets_the_same_answer()
    {
        var item = await TestItem.OpenEverywhereAsync();
        using var first = await storefront.OrderAsync(item.Key, _user, 1, "key");
        using var again = await storefront.OrderAsync(item.Key, _user, 1, "key");
        Assert.Equal(HttpStatusCode.Accepted, again.StatusCode);
        Assert.Equal(await first.Content.ReadAsStringAsync(), await again.Content.ReadAsStringAsync());
        Assert.Equal(1, (await item.InspectAsync()).Held);
    }

    [Fact]
    public async Task A_key_with_another_quantity_is_refused()
    {
        var item = await TestItem.OpenEverywhereAsync();
        using var first = await storefront.OrderAsync(item.Key, _user, 1, "key");
        await RefusesAsync(item, 422, "idempotency-key-reused", quantity: 2, key: "key");
    }

    [Fact]
    public async Task An_item_of_no_opened_sale_is_unknown() => await RefusesAsync(new TestItem(), 404, "unknown-item");

    [Fact]
    public async Task An_item_that_was_opened_and_is_not_in_Redis_is_lost_and_not_unknown()
    {
        // Of this instance, which never sold it: as after a restart in the moment when Redis was emptied.
        var lost = new TestItem();
        await lost.PlanInPostgresAsync();
        await RefusesAsync(lost, 503, "unavailable");
    }

    [Fact]
    public async Task Sold_out_is_a_conflict() => await RefusesAsync(await TestItem.OpenAsync(units: 0), 409, "sold-out");

    [Fact]
    public async Task Over_the_limit_the_buyer_is_told_the_orders()
    {
        var item = await TestItem.OpenAsync(limit: 1);
        using var first = await storefront.OrderAsync(item.Key, _user);
        var problem = await RefusesAsync(item, 409, "limit-reached", more: "orderIds");
        Assert.Equal(
            [(await ReadAsync(first)).GetProperty("orderId").GetString()],
            problem.GetProperty("orderIds").EnumerateArray().Select(id => id.GetString()));
    }

    [Fact]
    public async Task Before_the_window_the_buyer_is_told_when_it_opens()
    {
        var item = await TestItem.OpenAsync(opensIn: TimeSpan.FromMinutes(10));
        using var response = await storefront.OrderAsync(item.Key, _user);
        var problem = await RefusesAsync(item, 409, "sale-not-open", more: "opensAt");
        Assert.Equal((await item.InspectAsync()).OpensAt, problem.GetProperty("opensAt").GetDateTimeOffset());
        Assert.InRange(response.Headers.RetryAfter!.Delta!.Value, TimeSpan.FromMinutes(5), TimeSpan.FromSeconds(601));
    }

    // Broken by a wait that is rounded down, or that is the same for all: a herd at the opening, or before it and then once more.
    [Theory]
    [InlineData(0.0, 1, 2)]
    [InlineData(0.3, 1, 2)]
    [InlineData(1.0, 1, 2)]
    [InlineData(1.001, 2, 3)]
    [InlineData(7_200.5, 7_201, 7_202)]
    public async Task Who_comes_before_the_opening_is_sent_into_the_two_seconds_after_it(double secondsLeft, int first, int last)
    {
        var now = DateTimeOffset.UnixEpoch;
        var told = new SortedSet<int>();
        for (var i = 0; i < 200; i++)
        {
            var http = new DefaultHttpContext();
            await Refusals.SaleNotOpen(now.AddSeconds(secondsLeft), now).ExecuteAsync(http);
            told.Add(int.Parse(http.Response.Headers.RetryAfter.ToString(), CultureInfo.InvariantCulture));
        }

        Assert.Equal([first, last], told);
    }

    [Fact]
    public async Task After_the_window_the_sale_is_closed() =>
        await RefusesAsync(await TestItem.OpenAsync(opensIn: TimeSpan.FromHours(-2), closesIn: TimeSpan.FromHours(-1)), 409, "sale-closed");

    [Fact]
    public async Task A_sale_closed_by_hand_is_closed()
    {
        var item = await TestItem.OpenAsync();
        await TestItem.Ledger.CloseAsync(item.Keys, 0);
        await RefusesAsync(item, 409, "sale-closed");
    }

    [Fact]
    public async Task A_full_outbox_says_try_again()
    {
        await using var tight = new StorefrontHost(new() { ["Reservations:OutboxBound"] = "1", ["role"] = "api" });
        await tight.InitializeAsync();
        // An entry that nobody settles, because no message tells of it.
        var item = await TestItem.OpenAsync();
        await Servers.Database.SortedSetAddAsync(item.Keys.Outbox, new string('0', OrderId.Length), 0);
        using var response = await tight.OrderAsync(item.Key, _user);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Equal("unavailable", (await ReadAsync(response)).GetProperty("code").GetString());
        Assert.True(response.Headers.RetryAfter!.Delta > TimeSpan.Zero);
        Assert.Equal(0, (await item.InspectAsync()).Held);
    }

    [Fact]
    public async Task A_thousand_buyers_at_once_get_exactly_the_units_there_are()
    {
        var item = await TestItem.OpenEverywhereAsync(units: 100);
        var answers = await Task.WhenAll(Enumerable.Range(0, 1_000).Select(async i =>
        {
            using var response = await storefront.OrderAsync(item.Key, (_user >> 1) + i);
            return response.StatusCode;
        }));
        Assert.Equal(100, answers.Count(status => status == HttpStatusCode.Accepted));
        Assert.Equal(900, answers.Count(status => status == HttpStatusCode.Conflict));
        await item.AssertConsistentAsync();
        await Eventually.IsTrueAsync("every accepted order is a row", async () => (await item.RowsAsync()).Count == 100);
        await Eventually.IsTrueAsync("every order has left the outbox", async () => (await item.OutboxAsync()).Length == 0);
        Assert.Equal(100, await item.LiveAsync());
    }

    private static async Task<JsonElement> ReadAsync(HttpResponseMessage response) =>
        JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;

    private async Task<JsonElement> RefusesAsync(
        TestItem item, int status, string code, int quantity = 1, string? key = null, string? more = null)
    {
        var before = await item.DumpAsync();
        using var response = await storefront.OrderAsync(item.Key, _user, quantity, key);
        var problem = await ReadAsync(response);
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.ToString());
        Assert.Equal(code, problem.GetProperty("code").GetString());
        string[] members = ["type", "title", "status", "code", .. more is null ? Array.Empty<string>() : [more]];
        Assert.Equal(members, problem.EnumerateObject().Select(member => member.Name));
        Assert.Equal(WithoutOutbox(before), WithoutOutbox(await item.DumpAsync()));
        return problem;
    }

    // A worker may settle the order of a test meanwhile.
    private static string WithoutOutbox(string dump) =>
        string.Join('\n', dump.Split('\n').Where(line => line.StartsWith("seckill", StringComparison.Ordinal)));
}
