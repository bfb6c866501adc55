using System.Globalization;
using System.Text.Json;
using StackExchange.Redis;

namespace Seckill.Baselines;

/// <summary>
/// One Lua call for stock and limit, then one confirmed persistent message, for each order; then the buyer is answered. A
/// consumer writes each order's row. The commands of concurrent requests share one pipelined connection to Redis.
/// </summary>
internal sealed class PerOrderShop : IShop, IDisposable
{
    private static readonly string s_reserve = BaselineTables.Resource("reserve_one.lua");
    private readonly ConnectionMultiplexer _redis;
    private readonly Broker _broker;

    public PerOrderShop(string redis, Broker broker)
    {
        _redis = ConnectionMultiplexer.Connect(redis);
        _broker = broker;
    }

    public Task OpenAsync(long saleId, long skuId, int stock, int limitPerUser) =>
        _redis.GetDatabase().HashSetAsync(Key(saleId, skuId, "item"), [new("stock", stock), new("limit", limitPerUser)]);

    public async Task<ShopOutcome> OrderAsync(OrderReserved order)
    {
        var outcome = (ShopOutcome)(int)await _redis.GetDatabase().ScriptEvaluateAsync(
            s_reserve,
            [Key(order.SaleId, order.SkuId, "item"), Key(order.SaleId, order.SkuId, "buyers")],
            [order.UserId, order.Quantity]);
        if (outcome == ShopOutcome.Reserved)
        {
            await _broker.PublishAsync(JsonSerializer.SerializeToUtf8Bytes(order, BaselineJson.Default.OrderReserved));
        }

        return outcome;
    }

    public void Dispose() => _redis.Dispose();

    private static RedisKey Key(long saleId, long skuId, string part) =>
        string.Create(CultureInfo.InvariantCulture, $$"""baseline:{{{saleId}}:{{skuId}}}:{{part}}""");
}
