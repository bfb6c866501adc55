using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Net.Http.Headers;
using Microsoft.OpenApi;
using Seckill.OrderService.Overload;

namespace Seckill.OrderService.Storefront;

/// <summary>Sales as the public sees them, without a token: for every phone in the country, and the CDN before them.</summary>
internal static class SaleEndpoints
{
    private const string Cacheable = "public, max-age=1";
    private const string TagExample = "W/\"19a4e6c35f3\"";

    private static readonly object[] s_notes =
    [
        new OperationGroup("Sales", "What is on sale, for everyone."),
        new DescribedParameter(
            ParameterLocation.Header, "If-None-Match", "The ETag of the answer that the client has: 304 when it is still the newest.",
            () => new OpenApiSchema { Type = JsonSchemaType.String }, TagExample),
        .. new[] { 200, 304 }.Select(status => new DescribedHeader(status, "ETag", "Names the reading of the sale.", TagExample)),
        .. new[] { 200, 304 }.Select(status => new DescribedHeader(status, "Cache-Control", "How long caches may keep it.", Cacheable)),
    ];

    public static void Map(IEndpointRouteBuilder app)
    {
        var sales = app.MapGroup("/sales").WithMetadata(s_notes).ShedAs(app, RequestClass.SalePage)
            .AddEndpointFilter(app.ServiceProvider.GetRequiredService<AddressGuard>());
        sales.MapGet("", ListAsync)
            .WithName("listSales")
            .WithSummary("List the open and upcoming sales")
            .WithDescription("Public and cacheable. Up to one second old, except the server time. Without soldOut, it is not known.")
            .Produces<SaleListView>()
            .Produces(StatusCodes.Status304NotModified)
            .ProducesProblems(429, 503);
        sales.MapGet("/{saleId:id}", FindAsync)
            .WithName("getSale")
            .WithSummary("Read a sale: window, server time, items")
            .WithDescription("Public and cacheable. Up to one second old, except the server time. 503 while Redis has lost the sale.")
            .Produces<SaleView>()
            .Produces(StatusCodes.Status304NotModified)
            .ProducesProblems(429, 503)
            .ProducesProblems(Refusals.UnknownSale);
    }

    private static async Task<Results<JsonHttpResult<SaleListView>, StatusCodeHttpResult, Problem>> ListAsync(
        SaleListReader reader, TimeProvider clock, HttpContext http)
    {
        var reading = await reader.ListAsync();
        if (reading.Sales is not { } sales)
        {
            return Refusals.Unavailable;
        }

        http.Response.Headers.CacheControl = Cacheable;
        return HasReading(http, sales.ServerTime)
            ? TypedResults.StatusCode(StatusCodes.Status304NotModified)
            : TypedResults.Json(
                sales with { ServerTime = sales.ServerTime + clock.GetElapsedTime(reading.ReadAt) }, StorefrontJson.Default.SaleListView);
    }

    private static async Task<Results<JsonHttpResult<SaleView>, StatusCodeHttpResult, Problem>> FindAsync(
        long saleId, SaleReader reader, TimeProvider clock, HttpContext http)
    {
        var reading = await reader.FindAsync(saleId);
        if (reading.IsLost)
        {
            return Refusals.Unavailable;
        }

        // Also the 404: caches would keep it for minutes, and the sale may be opened in a moment.
        http.Response.Headers.CacheControl = Cacheable;
        if (reading.Sale is not { } sale)
        {
            return Refusals.UnknownSale;
        }

        return HasReading(http, sale.ServerTime)
            ? TypedResults.StatusCode(StatusCodes.Status304NotModified)
            : TypedResults.Json(
                sale with { ServerTime = sale.ServerTime + clock.GetElapsedTime(reading.ReadAt) }, StorefrontJson.Default.SaleView);
    }

    // The tag names the reading and not its content: a cache that kept an old body would keep its server time, and phones would count
    // down against that.
    private static bool HasReading(HttpContext http, DateTimeOffset readAt)
    {
        var tag = new EntityTagHeaderValue($"\"{readAt.ToUnixTimeMilliseconds():x}\"", isWeak: true);
        http.Response.Headers.ETag = tag.ToString();
        return http.Request.GetTypedHeaders().IfNoneMatch
            .Any(known => known.Equals(EntityTagHeaderValue.Any) || known.Compare(tag, useStrongComparison: false));
    }
}
