namespace Seckill.OrderService.Storefront;

/// <summary>The units that a buyer orders.</summary>
/// <remarks>Nullable, so that a missing field can be named.</remarks>
/// <param name="SaleId">Positive.</param>
/// <param name="SkuId">Positive.</param>
/// <param name="Quantity">Units, at least 1.</param>
public readonly record struct PlaceOrder(
    [property: AtLeast(1)] long? SaleId, [property: AtLeast(1)] long? SkuId, [property: AtLeast(1)] int? Quantity);

/// <summary>(1) A request after it was read: an order to try, or its refusal.</summary>
internal readonly struct PlaceOrderRequest
{
    /// <summary>A larger body gets 413.</summary>
    public const int MaximumBodyBytes = 4096;

    public ItemKey Item { get; private init; }
    public long UserId { get; private init; }
    public int Quantity { get; private init; }
    public string? Key { get; private init; }
    public Problem? Refusal { get; private init; }

    public static async ValueTask<PlaceOrderRequest> ReadAsync(HttpContext http, BuyerGuard guard)
    {
        var (refusal, userId, _) = await guard.CheckOrderAsync(http);
        if (refusal is not null)
        {
            return new PlaceOrderRequest { Refusal = refusal };
        }

        if (IdempotencyKey.Read(http.Request, out var key) is { } badKey)
        {
            return new PlaceOrderRequest { Refusal = badKey };
        }

        var (order, problem) = await JsonBody.ReadAsync(
            http.Request, StorefrontJson.Default.PlaceOrder, MaximumBodyBytes, http.RequestAborted);
        return (problem ?? Check(order)) is { } bad
            ? new PlaceOrderRequest { Refusal = bad }
            : new PlaceOrderRequest
            {
                Item = new ItemKey(order.SaleId!.Value, order.SkuId!.Value), Quantity = order.Quantity!.Value, UserId = userId, Key = key,
            };
    }

    private static Problem? Check(in PlaceOrder order)
    {
        if (order is { SaleId: > 0, SkuId: > 0, Quantity: > 0 })
        {
            return null;
        }

        var errors = new Dictionary<string, string>();
        Require("saleId", order.SaleId);
        Require("skuId", order.SkuId);
        Require("quantity", order.Quantity);
        return Problem.Invalid(errors);

        void Require(string field, long? value)
        {
            if (value is null)
            {
                errors[field] = "this field is required";
            }
            else if (value < 1)
            {
                errors[field] = "this must be a positive integer";
            }
        }
    }
}
