using System.Net;
using System.Text.Json;
using Seckill.Shared.Stock;

namespace Seckill.OrderService.Tests.Storefront;

/// <summary>
/// A buyer who got 202 asks what became of the order at once, and perhaps of another instance. It must be found in Redis before it
/// is in PostgreSQL and in PostgreSQL afterwards, by its owner and by nobody else.
/// </summary>
public sealed class FindOrderTests(StorefrontHost storefront)
{
    private static readonly string[] s_members =
        ["orderId", "status", "saleId", "skuId", "quantity", "unitPrice", "currency", "reservedAt", "placedAt", "payBy"];

    private readonly long _user = TestItem.NewId();

    [Fact]
    public async Task A_reserved_order_is_found_from_its_hold()
    {
        var item = await TestItem.OpenEverywhereAsync();
        // Reserved in Redis alone, so that no worker hears of it.
        var orderId = await item.ReserveOneAsync(_user, 2);
        var order = await FindAsync(orderId);
        Assert.Equal(s_members, order.EnumerateObject().Select(member => member.Name));
        Assert.Equal(("reserved", 2, 4999L), (
            order.GetProperty("status").GetString(), order.GetProperty("quantity").GetInt32(), order.GetProperty("unitPrice").GetInt64()));
        Assert.Equal(JsonValueKind.Null, order.GetProperty("placedAt").ValueKind);
        Assert.Equal(order.GetProperty("reservedAt").GetDateTimeOffset().AddSeconds(900), order.GetProperty("payBy").GetDateTimeOffset());
    }

    [Fact]
    public async Task An_accepted_order_is_found_at_once_and_becomes_placed()
    {
        var item = await TestItem.OpenEverywhereAsync();
        using var accepted = await storefront.OrderAsync(item.Key, _user);
        var body = JsonDocument.Parse(await accepted.Content.ReadAsStringAsync()).RootElement;
        var orderId = body.GetProperty("orderId").GetString()!;
        var order = await FindAsync(orderId);
        Assert.Matches("^(reserved|placed)$", order.GetProperty("status").GetString());
        Assert.Equal(body.GetProperty("payBy").GetString(), order.GetProperty("payBy").GetString());
        await Eventually.IsTrueAsync(
            "the order is placed", async () => (order = await FindAsync(orderId)).GetProperty("status").GetString() == "placed");
        Assert.Equal(s_members, order.EnumerateObject().Select(member => member.Name));
        Assert.Equal(body.GetProperty("reservedAt").GetString(), order.GetProperty("reservedAt").GetString());
        Assert.Equal(body.GetProperty("payBy").GetString(), order.GetProperty("payBy").GetString());
    }

    [Fact]
    public async Task Nobody_but_its_owner_finds_an_order()
    {
        var item = await TestItem.OpenEverywhereAsync();
        var reserved = await item.ReserveOneAsync(_user);
        using var accepted = await storefront.OrderAsync(item.Key, _user);
        var placed = accepted.Headers.Location!.ToString().Split('/')[^1];
        await Eventually.IsTrueAsync("the order is placed", async () => (await item.RowsAsync()).Count == 1);
        using var other = storefront.ClientOf(_user + 1);
        using var nobody = storefront.CreateClient();
        foreach (var orderId in new[] { reserved, placed })
        {
            using var answer = await other.GetAsync(new Uri("/orders/" + orderId, UriKind.Relative)).InTime();
            Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
            using var refusal = await nobody.GetAsync(new Uri("/orders/" + orderId, UriKind.Relative)).InTime();
            Assert.Equal(HttpStatusCode.Unauthorized, refusal.StatusCode);
        }
    }

    [Fact]
    public async Task Another_order_looks_like_no_order()
    {
        var item = await TestItem.OpenEverywhereAsync();
        var orderId = await item.ReserveOneAsync(_user);
        using var other = storefront.ClientOf(_user + 1);
        var foreign = await other.GetStringOfAsync("/orders/" + orderId);
        Assert.Equal(await other.GetStringOfAsync("/orders/" + new string('0', OrderId.Length)), foreign);
        Assert.Contains("unknown-order", foreign, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_rejected_order_says_so()
    {
        var item = await TestItem.OpenEverywhereAsync();
        var orderId = item.Number + new string('a', OrderId.SuffixLength);
        await using var command = Servers.Orders.CreateCommand(
            "insert into orders (order_id, sale_id, sku_id, user_id, quantity, unit_price, currency, status, reserved_at, pay_by)"
            + $" values ('{orderId}', {item.Key.SaleId}, 1001, {_user}, 1, 1, 'EUR', 'rejected', now(), now())");
        await command.ExecuteNonQueryAsync();
        Assert.Equal("rejected", (await FindAsync(orderId)).GetProperty("status").GetString());
    }

    private async Task<JsonElement> FindAsync(string orderId)
    {
        using var client = storefront.ClientOf(_user);
        using var response = await client.GetAsync(new Uri("/orders/" + orderId, UriKind.Relative)).InTime();
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
    }
}
