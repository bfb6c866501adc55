using Microsoft.AspNetCore.Http.HttpResults;

namespace Seckill.OrderService.Storefront;

/// <summary>A sale as the public sees it, without a token. Read from Redis at most once a second for each sale.</summary>
internal static class SaleEndpoints
{
    public static void Map(IEndpointRouteBuilder app) =>
        app.MapGet("/sales/{saleId:id}", FindAsync)
            .WithSummary("Read a sale: window, server time, items")
            .WithDescription("Public. Up to one second old, except the server time.")
            .Produces<SaleView>()
            .ProducesProblems(404, 503);

    private static async Task<Results<JsonHttpResult<SaleView>, Problem>> FindAsync(long saleId, SaleReader sales, HttpContext http)
    {
        if (await sales.FindAsync(saleId) is not { } sale)
        {
            return Refusals.UnknownSale;
        }

        http.Response.Headers.CacheControl = "public, max-age=1";
        return TypedResults.Json(sale, StorefrontJson.Default.SaleView);
    }
}
