using Seckill.Shared.Hosting;
using Seckill.Shared.Stock;

namespace Seckill.OrderService.Ordering;

/// <summary>(1) A request that was read: an order, or why it is none.</summary>
internal readonly struct AskedOrder
{
    public ItemKey Item { get; private init; }

    public long UserId { get; private init; }

    public int Quantity { get; private init; }

    public string? Key { get; private init; }

    public Problem? Refusal { get; private init; }

    public static async ValueTask<AskedOrder> ReadAsync(HttpContext http, BuyerGuard guard)
    {
        if (guard.Check(http, out var userId) is { } refusal)
        {
            return new AskedOrder { Refusal = refusal };
        }

        if (IdempotencyKey.Read(http.Request, out var key) is { } badKey)
        {
            return new AskedOrder { Refusal = badKey };
        }

        var (order, problem) = await JsonBody.ReadAsync(
            http.Request, StorefrontJson.Default.PlaceOrder, PlaceOrderRules.MaximumBodyBytes, http.RequestAborted);
        return (problem ?? PlaceOrderRules.Check(order)) is { } bad
            ? new AskedOrder { Refusal = bad }
            : new AskedOrder
            {
                Item = new ItemKey(order.SaleId!.Value, order.SkuId!.Value), Quantity = order.Quantity!.Value, UserId = userId, Key = key,
            };
    }
}
