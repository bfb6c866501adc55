using System.Net;
using System.Text.Json;
using Seckill.OrderService.Payments;

namespace Seckill.OrderService.Tests.OrderEvents;

/// <summary>
/// Promise: a page follows an order with EventSource, which sends no token, and its ticket opens that stream alone. Broken by a ticket
/// that another endpoint takes, that is given for the order of another buyer, or that no other instance knows.
/// </summary>
[Collection(AllOrders.Name)]
public sealed class TicketTests(StoreFixture stores, Shop shop) : IClassFixture<Shop>
{
    private const long Buyer = 1;

    [Fact]
    public async Task A_ticket_opens_the_stream_of_its_order_at_every_instance()
    {
        var sale = await TestSale.OpenAsync(stores);
        var order = await sale.ReserveAsync(Buyer);
        var (_, ticket) = await AskForTicketAsync(order.OrderId, Buyer);
        await using var elsewhere = Shop.NewApi();
        foreach (var api in new[] { shop.Api, elsewhere })
        {
            using var following = await Following.OpenAsync(api, $"/orders/{order.OrderId}/events?ticket={ticket}");
            Assert.Equal("1 reserved", await following.NextAsync());
        }
    }

    [Fact]
    public async Task Only_the_owner_gets_a_ticket()
    {
        var order = await (await TestSale.OpenAsync(stores)).ReserveAsync(Buyer);
        Assert.Equal((HttpStatusCode.NotFound, "unknown-order"), await shop.AskAsync(2, "POST", $"/orders/{order.OrderId}/stream-ticket"));
        Assert.Equal((HttpStatusCode.NotFound, "unknown-order"), await shop.AskAsync(Buyer, "POST", "/orders/nonsense/stream-ticket"));
    }

    [Fact]
    public async Task A_ticket_opens_nothing_else()
    {
        var sale = await TestSale.OpenAsync(stores);
        var (order, other) = (await sale.ReserveAsync(Buyer), await sale.ReserveAsync(Buyer));
        var (_, ticket) = await AskForTicketAsync(order.OrderId, Buyer);
        (string Method, string Path)[] others =
        [
            ("GET", $"/orders/{other.OrderId}/events"), ("GET", $"/orders/{order.OrderId}"), ("POST", $"/orders/{order.OrderId}/cancel"),
            ("POST", $"/orders/{order.OrderId}/stream-ticket"), ("GET", $"/orders?saleId={sale.Item.SaleId}"), ("POST", "/orders"),
        ];
        foreach (var (method, path) in others)
        {
            await RefusesAsync(method, $"{path}{(path.Contains('?') ? '&' : '?')}ticket={ticket}");
        }
    }

    [Theory]
    [InlineData("ticket=")]
    [InlineData("ticket=x")]
    [InlineData("ticket=TICKET&ticket=TICKET")]
    [InlineData("ticket=xTICKET")]
    public async Task A_wrong_ticket_is_refused_with_the_reason(string query)
    {
        var order = await (await TestSale.OpenAsync(stores)).ReserveAsync(Buyer);
        var (_, ticket) = await AskForTicketAsync(order.OrderId, Buyer);
        var challenge = await RefusesAsync(
            "GET", $"/orders/{order.OrderId}/events?{query.Replace("TICKET", ticket, StringComparison.Ordinal)}");
        Assert.Equal(
            "Bearer error=\"invalid_token\", error_description=\"The stream ticket is not of this order, or has expired.\"", challenge);
    }

    [Fact]
    public async Task A_token_that_is_there_decides_alone()
    {
        var order = await (await TestSale.OpenAsync(stores)).ReserveAsync(Buyer);
        var (_, ticket) = await AskForTicketAsync(order.OrderId, Buyer);
        Assert.Equal(
            (HttpStatusCode.NotFound, "unknown-order"), await shop.AskAsync(2, "GET", $"/orders/{order.OrderId}/events?ticket={ticket}"));
    }

    private async Task<string> RefusesAsync(string method, string path)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        using var answer = await shop.Api.Client.SendAsync(request).InTime();
        Assert.Equal((path, HttpStatusCode.Unauthorized), (path, answer.StatusCode));
        return answer.Headers.WwwAuthenticate.ToString();
    }

    private async Task<(DateTimeOffset ExpiresAt, string Ticket)> AskForTicketAsync(string orderId, long user)
    {
        using var request = shop.As(user, "POST", $"/orders/{orderId}/stream-ticket");
        using var answer = await shop.Api.Client.SendAsync(request).InTime();
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        Assert.Equal("no-store", answer.Headers.CacheControl!.ToString());
        var body = JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement;
        return (body.GetProperty("expiresAt").GetDateTimeOffset(), body.GetProperty("ticket").GetString()!);
    }
}
