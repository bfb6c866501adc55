using System.Text.Json;

namespace Seckill.Shared.Stock;

/// <summary>A sale in the storefront, from its first opening.</summary>
/// <param name="SaleId">Positive.</param>
/// <param name="Name">Display name.</param>
/// <param name="SkuIds">Its SKUs, in the order of the sale.</param>
/// <param name="HasRoom">Whether it has a waiting room.</param>
public sealed record OpenedSale(long SaleId, string Name, IReadOnlyList<long> SkuIds, bool HasRoom = false);

/// <summary>
/// The opened sales and items, in Redis, so that accepting an order needs no other store. Hash <c>seckill:sales</c>:
/// sale id → name and SKUs; hash <c>seckill:numbers</c>: item number → item. Written at warm-up, and removed when the sale is archived.
/// </summary>
/// <remarks>Throws <see cref="RedisException"/>, or <see cref="TimeoutException"/> after <see cref="StockLedger.Timeout"/>.</remarks>
public sealed class SaleCatalog(IConnectionMultiplexer redis)
{
    private static readonly RedisKey s_sales = "seckill:sales";
    private static readonly RedisKey s_numbers = "seckill:numbers";

    private IDatabase Database => redis.GetDatabase();

    /// <summary>Records an item's number. Must come before the item is warm, or an order could not find its hold.</summary>
    public Task AddNumberAsync(string number, ItemKey item) =>
        Database.HashSetAsync(s_numbers, number, item.ToString());

    /// <summary>Publishes the sale to the storefront.</summary>
    public Task AddSaleAsync(OpenedSale sale) =>
        Database.HashSetAsync(s_sales, sale.SaleId, JsonSerializer.Serialize(sale));

    /// <summary>Removes a sale and the numbers of its items. Repeatable.</summary>
    public async Task RemoveAsync(long saleId, IEnumerable<string> numbers)
    {
        await Database.HashDeleteAsync(s_sales, saleId);
        await Database.HashDeleteAsync(s_numbers, [.. numbers.Select(number => (RedisValue)number)]);
    }

    /// <summary>The item with this number, or null.</summary>
    public async Task<ItemKey?> FindItemAsync(string number) =>
        ItemKey.TryParse(await Database.HashGetAsync(s_numbers, number, CommandFlags.DemandMaster), out var item) ? item : null;

    /// <summary>The sale, or null when it was never opened.</summary>
    public async Task<OpenedSale?> FindSaleAsync(long saleId)
    {
        var json = await Database.HashGetAsync(s_sales, saleId, CommandFlags.DemandMaster);
        return json.IsNull ? null : JsonSerializer.Deserialize<OpenedSale>((string)json!);
    }

    /// <summary>Every sale that was opened.</summary>
    public async Task<IReadOnlyList<long>> SaleIdsAsync() =>
        [.. (await Database.HashKeysAsync(s_sales, CommandFlags.DemandMaster)).Select(id => (long)id)];

    /// <summary>Redis time, which decides the window of a sale.</summary>
    public async Task<DateTimeOffset> NowAsync()
    {
        var time = ((long[]?)await Database.ExecuteAsync("TIME", [], CommandFlags.DemandMaster))!;
        return DateTimeOffset.FromUnixTimeSeconds(time[0]).AddMicroseconds(time[1]);
    }

    /// <summary>Every item of every opened sale.</summary>
    public async Task<IReadOnlyList<ItemKey>> ItemsAsync()
    {
        var items = await Database.HashValuesAsync(s_numbers, CommandFlags.DemandMaster);
        return [.. items.Select(text => ItemKey.TryParse(text, out var item) ? item : default).Where(item => item != default)];
    }
}
