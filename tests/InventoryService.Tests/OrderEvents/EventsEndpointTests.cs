using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Dapper;
using Seckill.Shared.Security;

namespace Seckill.InventoryService.Tests.OrderEvents;

/// <summary>
/// Promise: other services read the events by HTTP, page by page, as CloudEvents 1.0. Broken by a page without a way to the next one, and
/// by a member that CloudEvents requires and that is missing.
/// </summary>
public sealed class EventsEndpointTests(Administration administration)
{
    [Fact]
    public async Task Events_are_cloud_events_in_pages()
    {
        var after = await NewestAsync();
        var item = new TestItem();
        await item.PlanInPostgresAsync();
        var ids = await PlacedOrders.PlaceAsync(item, 3);

        List<JsonElement> events = [];
        await Eventually.IsTrueAsync("all are numbered", async () =>
        {
            events = (await ReadAllAsync(after, limit: 2)).FindAll(
                one => one.GetProperty("data").GetProperty("saleId").GetInt64() == item.Key.SaleId);
            return events.Count == 3;
        });
        Assert.Equal(ids, events.Select(one => one.GetProperty("subject").GetString()!));
        var first = events[0];
        Assert.Equal(
            ("1.0", "order.placed", "/seckill", "application/json", ids[0] + "-placed"),
            (Text(first, "specversion"), Text(first, "type"), Text(first, "source"), Text(first, "datacontenttype"), Text(first, "id")));
        Assert.InRange((TimeProvider.System.GetUtcNow() - first.GetProperty("time").GetDateTimeOffset()).TotalMinutes, -5, 5);
        Assert.Matches("^[0-9]{19}$", Text(first, "sequence"));
        Assert.Equal(
            ["orderId", "saleId", "skuId", "userId", "quantity", "unitPrice", "currency"],
            first.GetProperty("data").EnumerateObject().Select(member => member.Name));
    }

    [Theory]
    [InlineData("limit=0")]
    [InlineData("limit=1001")]
    [InlineData("after=-1")]
    [InlineData("after=none")]
    public Task A_page_that_cannot_be_is_refused(string query) =>
        administration.RefusesAsync(HttpStatusCode.BadRequest, "invalid-request", "GET", "/events?" + query);

    [Fact]
    public Task A_position_from_before_a_restore_is_no_end_of_the_list() =>
        administration.RefusesAsync(HttpStatusCode.Gone, "events-expired", "GET", "/events?after=9223372036854775807");

    [Fact]
    public async Task Only_operators_read_events() =>
        Assert.Equal(HttpStatusCode.Unauthorized, (await administration.AskAsync("GET", "/events", key: "a guess")).Status);

    private async Task<List<JsonElement>> ReadAllAsync(long after, int limit)
    {
        var events = new List<JsonElement>();
        var next = string.Create(CultureInfo.InvariantCulture, $"?limit={limit}&after={after}");
        while (next is not null)
        {
            using var client = administration.CreateClient();
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", DevelopmentKeys.Ops);
            using var response = await client.GetAsync(new Uri("/events" + next, UriKind.Relative)).InTime();
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Equal("application/cloudevents-batch+json", response.Content.Headers.ContentType!.MediaType);
            var page = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.EnumerateArray().ToList();
            Assert.InRange(page.Count, 0, limit);
            events.AddRange(page);
            next = response.Headers.TryGetValues("Link", out var links) ? links.Single() : null;
            next = next?[1..next.IndexOf('>', StringComparison.Ordinal)];
        }

        return events;
    }

    private static string Text(JsonElement one, string member) => one.GetProperty(member).GetString()!;

    private static async Task<long> NewestAsync()
    {
        await using var connection = await Servers.Orders.OpenConnectionAsync();
        return await connection.ExecuteScalarAsync<long>("select position from order_event_positions where name = 'last'");
    }
}
