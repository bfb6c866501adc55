using System.Globalization;
using System.Text.Json;
using Seckill.Shared.Stock;

namespace Seckill.OrderService.Tests.Storefront;

/// <summary>
/// Promise: a buyer who lost the page finds every order of the sale, each once, in the status that the order itself shows, and sees no
/// order of another. Broken by a list of rows alone (an order that was accepted a moment ago is missing), by one of live orders alone (a
/// cancelled one is), and by pages that overlap.
/// </summary>
public sealed class OrderListTests(StorefrontHost storefront)
{
    private readonly long _user = TestItem.NewId();

    [Fact]
    public async Task Every_order_is_listed_with_its_own_status_the_newest_first()
    {
        var item = await TestItem.OpenEverywhereAsync(limit: 10);
        var second = await AddItemAsync(item);
        var cancelled = await PlaceAsync(item.Key);
        var paid = await PlaceAsync(item.Key);
        var released = await PlaceAsync(item.Key);
        var other = await PlaceAsync(second);
        var placed = await PlaceAsync(item.Key);
        await SetStatusAsync(paid, "paid");
        await SetStatusAsync(released, "expired");
        await TestItem.Ledger.ReleaseAsync(item.Keys, [released]);
        using var client = storefront.ClientOf(_user);
        using var cancellation = await client.PostAsync(new Uri($"/orders/{cancelled}/cancel", UriKind.Relative), null).InTime();
        // In Redis alone: no message tells of it.
        var reserved = await item.ReserveOneAsync(_user);

        var orders = (await ListAsync(item)).GetProperty("orders").EnumerateArray().ToList();
        Assert.Equal(
            [
                (reserved, "reserved"), (placed, "placed"), (other, "placed"), (released, "expired"), (paid, "paid"),
                (cancelled, "cancelled"),
            ],
            orders.Select(order => (order.GetProperty("orderId").GetString()!, order.GetProperty("status").GetString()!)));
        foreach (var order in orders)
        {
            Assert.Equal(await client.GetStringOfAsync("/orders/" + order.GetProperty("orderId").GetString()), order.GetRawText());
        }
    }

    [Fact]
    public async Task Pages_have_every_order_once()
    {
        var item = await TestItem.OpenEverywhereAsync(limit: 10);
        var expected = new List<string>();
        for (var i = 0; i < 7; i++)
        {
            expected.Insert(0, i % 2 == 0 ? await item.ReserveOneAsync(_user) : await PlaceAsync(item.Key));
            if (i == 3)
            {
                await SetStatusAsync(expected[0], "cancelled");
                await TestItem.Ledger.ReleaseAsync(item.Keys, [expected[0]]);
            }
        }

        var (found, query, pages) = (new List<string>(), "&limit=3", 0);
        for (string? next = ""; next is not null; pages++)
        {
            var page = await ListAsync(item, query);
            found.AddRange(page.GetProperty("orders").EnumerateArray().Select(order => order.GetProperty("orderId").GetString()!));
            next = page.TryGetProperty("next", out var after) ? after.GetString() : null;
            query = "&limit=3&after=" + next;
        }

        Assert.Equal(expected, found);
        Assert.Equal(3, pages);
        Assert.False((await ListAsync(item, "&limit=7")).TryGetProperty("next", out _));
    }

    [Fact]
    public async Task Nobody_sees_the_orders_of_another_buyer_or_sale()
    {
        var (item, another) = (await TestItem.OpenEverywhereAsync(), await TestItem.OpenEverywhereAsync());
        await item.ReserveOneAsync(_user + 1);
        await another.ReserveOneAsync(_user);
        Assert.Equal("""{"orders":[]}""", (await ListAsync(item)).GetRawText());
        using var nobody = storefront.CreateClient();
        Assert.Contains("unauthenticated", await nobody.GetStringOfAsync(Path(item)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sale_that_was_never_opened_has_no_orders() =>
        Assert.Equal("""{"orders":[]}""", (await ListAsync(new TestItem())).GetRawText());

    [Theory]
    [InlineData("catalog")]
    [InlineData("item")]
    [InlineData("fence")]
    public async Task While_Redis_has_lost_the_sale_the_list_is_unavailable(string lost)
    {
        var item = await TestItem.OpenEverywhereAsync();
        await (lost switch
        {
            "catalog" => Servers.Database.HashDeleteAsync("seckill:sales", item.Key.SaleId),
            "item" => Servers.Database.KeyDeleteAsync(item.Keys.State),
            _ => Servers.Database.HashSetAsync(item.Keys.State, "state", "lost"),
        });
        Assert.Equal("unavailable", (await ListAsync(item)).GetProperty("code").GetString());
    }

    [Theory]
    [InlineData("", "saleId")]
    [InlineData("?saleId=", "saleId")]
    [InlineData("?saleId=0", "saleId")]
    [InlineData("?saleId=-1", "saleId")]
    [InlineData("?saleId=01", "saleId")]
    [InlineData("?saleId=%201", "saleId")]
    [InlineData("?saleId=1.0", "saleId")]
    [InlineData("?saleId=9223372036854775808", "saleId")]
    [InlineData("?saleId=1&saleId=2", "saleId")]
    [InlineData("?saleId=1&saleId=1", "saleId")]
    [InlineData("?SaleId=1", "SaleId")]
    [InlineData("?saleId=1&limit=0", "limit")]
    [InlineData("?saleId=1&limit=101", "limit")]
    [InlineData("?saleId=1&limit=ten", "limit")]
    [InlineData("?saleId=1&limit=", "limit")]
    [InlineData("?saleId=1&after=", "after")]
    [InlineData("?saleId=1&after=0000000000000000000000000000000G", "after")]
    [InlineData("?saleId=1&status=paid", "status")]
    [InlineData("?saleId=1&=", "")]
    public async Task An_odd_query_is_refused_by_parameter(string query, string parameter)
    {
        var answer = await RawHttp.SendAsync(
            storefront.Address, [$"GET /orders{query} HTTP/1.1", "Authorization: Bearer " + storefront.Token(_user)]);
        answer.AssertProblem(400, "invalid-request");
        Assert.Contains($"\"{parameter}\":[\"this ", answer.Body, StringComparison.Ordinal);
    }

    private static string Path(TestItem item) => string.Create(CultureInfo.InvariantCulture, $"/orders?saleId={item.Key.SaleId}");

    private async Task<JsonElement> ListAsync(TestItem item, string query = "")
    {
        using var client = storefront.ClientOf(_user);
        return JsonDocument.Parse(await client.GetStringOfAsync(Path(item) + query)).RootElement;
    }

    private async Task<string> PlaceAsync(ItemKey item)
    {
        using var accepted = await storefront.OrderAsync(item, _user);
        var orderId = accepted.Headers.Location!.ToString().Split('/')[^1];
        using var client = storefront.ClientOf(_user);
        await Eventually.IsTrueAsync("the order is placed", async () =>
            (await client.GetStringOfAsync("/orders/" + orderId)).Contains("\"placed\"", StringComparison.Ordinal));
        return orderId;
    }

    private static async Task SetStatusAsync(string orderId, string status)
    {
        await using var command = Servers.Orders.CreateCommand($"update orders set status = '{status}' where order_id = '{orderId}'");
        Assert.Equal(1, await command.ExecuteNonQueryAsync());
    }

    // A second SKU in the sale.
    private static async Task<ItemKey> AddItemAsync(TestItem first)
    {
        var key = new ItemKey(first.Key.SaleId, first.Key.SkuId + 1);
        await using var command = Servers.Orders.CreateCommand(
            "insert into sale_items (sale_id, sku_id, position, allocated, limit_per_user, unit_price, currency, warmed_at)"
            + $" values ({key.SaleId}, {key.SkuId}, 1, 100, 2, {TestItem.Price}, 'EUR', now()) returning item_number");
        var number = OrderId.Number((int)(await command.ExecuteScalarAsync())!);
        var catalog = new SaleCatalog(Servers.Redis);
        await catalog.AddNumberAsync(number, key);
        await catalog.AddSaleAsync(new OpenedSale(key.SaleId, "Test", [first.Key.SkuId, key.SkuId]));
        await TestItem.Ledger.WarmAsync(new ItemKeys(key), first.Plan() with { Number = number });
        return key;
    }
}
