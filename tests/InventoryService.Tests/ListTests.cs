using System.Globalization;
using System.Net;
using Dapper;
using Seckill.Shared.Stock;

namespace Seckill.InventoryService.Tests;

/// <summary>
/// Promise: operators reach every entry of every list, each once, whatever comes in while they read. Broken by a list that ends at its
/// bound, by pages that are counted from the newest entry, and by a bound that repeats the last entry or leaves one out.
/// </summary>
public sealed class ListTests(Administration administration)
{
    private const int Made = 5;

    [Theory]
    [InlineData("/refunds")]
    [InlineData("/quarantine")]
    [InlineData("/sales")]
    [InlineData("/outbox")]
    public async Task Every_entry_is_on_one_page(string list)
    {
        var made = new List<string>();
        for (var i = 0; i < Made; i++)
        {
            made.Insert(0, await MakeAsync(list));
        }

        // The outbox is in the order of its items, and all others begin with the newest entry.
        string? next = list + "?limit=2";
        if (list == "/outbox")
        {
            made = [.. made.OrderBy(long.Parse)];
            next += $"&after={long.Parse(made[0], CultureInfo.InvariantCulture) - 1}:1";
        }

        var seen = new List<string>();
        while (next is not null && made.Exists(key => !seen.Contains(key)))
        {
            var (_, body, headers) = await administration.AskAsync("GET", next);
            seen.AddRange(body.EnumerateArray().Select(entry => KeyOf(list, entry)));
            await MakeAsync(list);
            next = null;
            if (headers.TryGetValues("Link", out var links))
            {
                var link = Assert.Single(links);
                Assert.Matches("^<\\?limit=2&after=[^&<>]+>; rel=\"next\"$", link);
                Assert.Equal(2, body.GetArrayLength());
                next = list + link[1..link.IndexOf('>', StringComparison.Ordinal)];
            }
        }

        Assert.Equal(made, seen.Where(made.Contains));
    }

    [Theory]
    [InlineData("/refunds", "1")]
    [InlineData("/quarantine", "1")]
    [InlineData("/outbox", "9223372036854775807:9223372036854775807")]
    public async Task The_last_page_says_so(string list, string after)
    {
        var (_, body, headers) = await administration.AskAsync("GET", $"{list}?after={after}");
        Assert.Equal(0, body.GetArrayLength());
        Assert.False(headers.Contains("Link"));
    }

    [Theory]
    [InlineData("limit=0")]
    [InlineData("limit=1001")]
    [InlineData("limit=")]
    [InlineData("limit=two")]
    [InlineData("after=none")]
    [InlineData("limit=1&limit=2")]
    public async Task A_page_that_cannot_be_is_refused(string query)
    {
        foreach (var list in (string[])["/refunds", "/quarantine", "/sales", "/outbox"])
        {
            await administration.RefusesAsync(HttpStatusCode.BadRequest, "invalid-request", "GET", $"{list}?{query}");
        }

        // A page behind a sale that does not exist would look like the end of the list.
        await administration.RefusesAsync(HttpStatusCode.BadRequest, "invalid-request", "GET", "/sales?after=" + TestItem.NewId());
        await administration.AskAsync("GET", "/sales?limit=1000");
    }

    private static string KeyOf(string list, System.Text.Json.JsonElement entry) => list switch
    {
        "/refunds" => entry.GetProperty("paymentId").GetString()!,
        "/quarantine" => entry.GetProperty("orderId").GetString()!,
        _ => entry.GetProperty("saleId").GetInt64().ToString(CultureInfo.InvariantCulture),
    };

    // A new entry; its key.
    private async Task<string> MakeAsync(string list)
    {
        var key = Guid.NewGuid().ToString("N");
        switch (list)
        {
            case "/sales":
                return (await PlannedSale.CreateAsync(administration)).Id.ToString(CultureInfo.InvariantCulture);
            case "/outbox":
                var item = new TestItem();
                await new SaleCatalog(Servers.Redis).AddNumberAsync(item.Number, item.Key);
                return item.Key.SaleId.ToString(CultureInfo.InvariantCulture);
        }

        await using var connection = await Servers.Orders.OpenConnectionAsync();
        await connection.ExecuteAsync(
            list == "/refunds"
                ? """
                  insert into refunds (payment_id, order_id, amount, currency, reason)
                  values (@key, @key, 4999, 'EUR', 'unknown-order')
                  """
                : """
                  insert into quarantined_orders
                    (order_id, sale_id, sku_id, user_id, quantity, unit_price, currency, reserved_at, error)
                  values (@key, 1, 1, 1, 1, 4999, 'EUR', now(), 'A test put it here.')
                  """,
            new { key });
        return key;
    }
}
