using System.Globalization;
using Microsoft.Extensions.Primitives;
using Microsoft.OpenApi;
using Seckill.InventoryService.Operations;
using Seckill.Shared.Settings;

namespace Seckill.InventoryService.OrderEvents;

/// <summary>Events of orders for other services: numbered, readable, and published.</summary>
internal static class OrderEventsFeature
{
    private const int MostAtOnce = ListPage.MaximumLimit;

    public static void AddOrderEvents(this WebApplicationBuilder builder)
    {
        var broker = BrokerAddress.In(builder.Configuration);
        builder.Services.AddValidatedOptions<OrderEventOptions>("OrderEvents");
        builder.Services.AddSingleton<OrderEventLog>();
        builder.Services.AddSingleton(_ => new TopicExchange(broker, OrderEventRelay.ExchangeName));
        builder.Services.AddHostedService<OrderEventSequencer>();
        builder.Services.AddHostedService<OrderEventRelay>();
    }

    public static void MapOrderEvents(this WebApplication app) =>
        app.MapGet("/events", ReadAsync)
            .WithName("listEvents")
            .ForOperators(new OperationGroup("Events", "What happens to orders."))
            .WithMetadata(
                DescribedHeader.NextPage,
                new DescribedParameter(
                    ParameterLocation.Query, "after", "Events behind this sequence; 0 or absent: from the oldest that is kept.",
                    () => new OpenApiSchema { Type = JsonSchemaType.Integer, Format = "int64", Minimum = "0" }, "7"))
            .WithSummary("Read events of orders")
            .WithDescription(
                "The oldest first, as a batch of CloudEvents 1.0. Each event was committed with the change of its order: none is missing, "
                + "and those of one order are in the order in which they happened. The sequence of the last event is the after of the next "
                + "request. While there is more, the header Link has the address of the next page (rel=\"next\"). limit is 1 to 1,000, by "
                + "default 1,000. 410 when events behind after were deleted because their retention is over, or after is newer than the "
                + "newest event.")
            .Produces<IReadOnlyList<OrderEvent>>(StatusCodes.Status200OK, OrderEvent.BatchContentType)
            .ProducesProblems(400, 401, 503)
            .ProducesProblems(Refusals.EventsExpired);

    private static async Task<IResult> ReadAsync(
        HttpContext http, OrderEventLog events, CancellationToken cancellationToken, long? after = null, int? limit = null)
    {
        var size = limit ?? MostAtOnce;
        if (size is < 1 or > MostAtOnce)
        {
            return Problem.Invalid("limit", string.Create(CultureInfo.InvariantCulture, $"this must be 1 to {MostAtOnce}"));
        }

        if (after < 0)
        {
            return Problem.Invalid("after", "this must be the sequence of an event, or 0");
        }

        var page = await events.ReadAsync(after ?? 0, size, cancellationToken);
        if (page.IsExpired)
        {
            return Refusals.EventsExpired;
        }

        if (page.HasMore)
        {
            var next = QueryString.Create(
            [
                new KeyValuePair<string, StringValues>("limit", size.ToString(CultureInfo.InvariantCulture)),
                new KeyValuePair<string, StringValues>("after", page.Last.ToString(CultureInfo.InvariantCulture)),
            ]);
            http.Response.Headers.Link = $"<{next}>; rel=\"next\"";
        }

        return Results.Json(page.Events, OrderEventJson.Default.IReadOnlyListOrderEvent, OrderEvent.BatchContentType);
    }
}
