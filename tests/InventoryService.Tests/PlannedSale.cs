using System.Globalization;
using System.Text.Json;
using Seckill.Shared.Stock;
using StackExchange.Redis;

namespace Seckill.InventoryService.Tests;

/// <summary>A sale of one test alone, created through the administration.</summary>
internal sealed class PlannedSale(Administration administration)
{
    public const long SkuId = 1001;

    private readonly TestItem _item = new();

    public long Id => _item.Key.SaleId;

    public string Path => string.Create(CultureInfo.InvariantCulture, $"/sales/{Id}");

    public ItemKeys Keys => _item.Keys;

    public static IDatabase Redis => Servers.Database;

    /// <summary>The body that creates it, a member or two replaced.</summary>
    public string Json(params (string Old, string New)[] changes)
    {
        var json = $$"""
            {"saleId":{{Id}},"name":"Test","opensAt":"2020-01-01T00:00:00Z","closesAt":"2120-01-01T00:00:00Z","paymentTimeoutSeconds":900,
            "items":[{"skuId":1001,"allocated":10,"limitPerUser":2,"unitPrice":4999,"currency":"EUR"}]}
            """;
        foreach (var (old, @new) in changes)
        {
            Assert.Contains(old, json, StringComparison.Ordinal);
            json = json.Replace(old, @new, StringComparison.Ordinal);
        }

        return json;
    }

    public static async Task<PlannedSale> CreateAsync(Administration administration, int items = 1)
    {
        var sale = new PlannedSale(administration);
        var one = sale.Json()[sale.Json().IndexOf("[{", StringComparison.Ordinal)..][1..^2];
        var all = string.Join(',', Enumerable.Range(0, items).Select(i =>
            one.Replace("1001", (SkuId + i).ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)));
        await administration.DoesAsync("POST", "/sales", sale.Json((one, all)));
        return sale;
    }

    public static async Task<PlannedSale> OpenAsync(Administration administration)
    {
        var sale = await CreateAsync(administration);
        await administration.DoesAsync("POST", sale.Path + "/open");
        return sale;
    }

    public async Task<(ReserveOutcome Outcome, string OrderId)> ReserveAsync(long userId, int quantity = 1)
    {
        var answer = Assert.Single(await _item.ReserveAsync(new Ask(userId, quantity)));
        return (answer.Outcome, answer.OrderId);
    }

    public async Task<JsonElement> LedgerAsync() => await administration.DoesAsync("GET", Path + "/ledger");
}
