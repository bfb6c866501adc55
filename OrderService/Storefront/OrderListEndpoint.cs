using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.OpenApi;
using Seckill.OrderService.Orders;
using Seckill.OrderService.Overload;
using Seckill.OrderService.Reservations;

namespace Seckill.OrderService.Storefront;

/// <summary>The orders of a buyer in a sale, for a page that was closed after the click.</summary>
internal static class OrderListEndpoint
{
    private const int MaximumLimit = 100;
    private const int DefaultLimit = 20;

    // A list costs Redis a read of each item: so many items count as one more request of the buyer.
    private const int ItemsForARequest = 10;

    private static readonly DescribedParameter[] s_described =
    [
        new(ParameterLocation.Query, "saleId", "The sale.",
            () => new OpenApiSchema { Type = JsonSchemaType.Integer, Format = "int64", Minimum = "1" }, "1", IsRequired: true),
        new(ParameterLocation.Query, "limit", "Orders on a page.",
            () => new OpenApiSchema
            {
                Type = JsonSchemaType.Integer, Minimum = "1", Maximum = $"{MaximumLimit}", Default = JsonValue.Create(DefaultLimit),
            },
            $"{DefaultLimit}"),
        new(ParameterLocation.Query, "after", "The next of the page before; without it the first page.",
            () => new OpenApiSchema { Type = JsonSchemaType.String, Pattern = "^[0-9a-f]{32}$" }, "000007d1f3a94c5e8b60271d9a4e6c35"),
    ];

    public static void Map(IEndpointRouteBuilder app) =>
        app.MapGet("/orders", ListAsync)
            .ShedAs(app, RequestClass.OwnOrder)
            .AddEndpointFilter(app.ServiceProvider.GetRequiredService<BuyerGuard>())
            .WithName("listOrders")
            .WithSummary("List the buyer's orders of a sale")
            .WithDescription("The newest first, from the moment of the 202, also when they are closed.")
            .WithMetadata(OrderEndpoints.Group, new TakesBuyerToken())
            .WithMetadata([.. s_described])
            .Produces<OrderPage>()
            .ProducesProblems(400, 401, 429, 503);

    private static async Task<Results<JsonHttpResult<OrderPage>, Problem>> ListAsync(
        string? saleId, string? limit, string? after, HttpContext http, OrderList orders, SaleCatalog catalog, WarmItems warm,
        BuyerGuard guard, CancellationToken cancellationToken)
    {
        var errors = new Dictionary<string, string>();
        foreach (var (name, values) in http.Request.Query)
        {
            Rule(name, Array.Exists(s_described, known => known.Name == name), "this parameter is unknown");
            Rule(name, values.Count <= 1, "this parameter occurs twice");
        }

        Rule("saleId", IsNumber(saleId, long.MaxValue, out var sale), "this must be a positive integer");
        Rule("limit", IsNumber(limit ?? $"{DefaultLimit}", MaximumLimit, out var maximum), $"this must be 1 to {MaximumLimit}");
        Rule("after", after is null || OrderId.IsValid(after), "this must be the next of the page before");
        if (errors.Count > 0)
        {
            return Problem.Invalid(errors);
        }

        if (await catalog.FindSaleAsync(sale) is not { } opened)
        {
            return await warm.MayBeLostAsync(sale) ? Refusals.Unavailable : Json(new OrderPage([], null));
        }

        var userId = BuyerGuard.UserOf(http);
        if (!guard.TryCharge(userId, opened.SkuIds.Count / ItemsForARequest))
        {
            return Problem.RateLimited;
        }

        return await orders.ReadAsync(opened, userId, after, (int)maximum, cancellationToken) is { } page
            ? Json(page) : Refusals.Unavailable;

        void Rule(string field, bool holds, string otherwise)
        {
            if (!holds)
            {
                errors.TryAdd(field, otherwise);
            }
        }
    }

    private static JsonHttpResult<OrderPage> Json(OrderPage page) => TypedResults.Json(page, OrderJson.Default.OrderPage);

    // As JSON spells it: no sign, no leading zero.
    private static bool IsNumber(string? text, long maximum, out long number) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number)
        && number > 0 && number <= maximum && text![0] != '0';
}
