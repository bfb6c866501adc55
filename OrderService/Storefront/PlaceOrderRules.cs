
using Seckill.Shared.Http;

namespace Seckill.OrderService.Storefront;

/// <summary>Checks what a buyer sends.</summary>
internal static class PlaceOrderRules
{
    /// <summary>A larger body gets 413.</summary>
    public const int MaximumBodyBytes = 4096;

    /// <summary>Null when the order can be tried, or what is wrong with it.</summary>
    public static Problem? Check(in PlaceOrder order)
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
