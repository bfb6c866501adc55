using System.Net;
using System.Text.Json;

namespace Seckill.InventoryService.Tests.Editing;

/// <summary>
/// Promise: an operator edits a sale over HTTP, and a dry run changes nothing and says what is odd. Broken by a dry run that stores, and by
/// an edit that is refused without a reason.
/// </summary>
public sealed class EditEndpointTests(Administration administration)
{
    [Fact]
    public async Task A_plan_changes_and_a_dry_run_does_not_change_it()
    {
        var sale = await PlannedSale.CreateAsync(administration);
        const string Edit = """{"name":"Other","closesAt":"2021-01-01T00:00:00Z","items":[{"skuId":1001,"unitPrice":1,"allocated":3}]}""";
        var preview = await administration.DoesAsync("PATCH", sale.Path + "?dryRun=true", Edit);
        Assert.Equal(("Other", 3), (Text(preview, "name"), preview.GetProperty("items")[0].GetProperty("allocated").GetInt32()));
        Assert.Contains("Its window is over: nothing can be bought.", Warnings(preview));
        Assert.Equal("Test", Text(await administration.DoesAsync("GET", sale.Path), "name"));

        var edited = await administration.DoesAsync("PATCH", sale.Path, Edit);
        Assert.Equal(edited.GetRawText(), (await administration.DoesAsync("GET", sale.Path)).GetRawText());
        Assert.Equal(
            ("Other", "2021-01-01T00:00:00.000Z", 1L, 2),
            (Text(edited, "name"), Text(edited, "closesAt"), edited.GetProperty("items")[0].GetProperty("unitPrice").GetInt64(),
                edited.GetProperty("items")[0].GetProperty("limitPerUser").GetInt32()));
    }

    [Fact]
    public async Task After_the_first_order_the_price_stays()
    {
        var sale = await PlannedSale.OpenAsync(administration);
        await sale.ReserveAsync(7);
        const string Price = """{"items":[{"skuId":1001,"unitPrice":1}]}""";
        await administration.RefusesAsync(HttpStatusCode.Conflict, "sale-has-orders", "PATCH", sale.Path, Price);
        await administration.RefusesAsync(HttpStatusCode.Conflict, "sale-has-orders", "PATCH", sale.Path + "?dryRun=true", Price);
        await administration.DoesAsync("PATCH", sale.Path, """{"closesAt":"2121-01-01T00:00:00Z"}""");
        await administration.RefusesAsync(
            HttpStatusCode.Conflict, "stock-in-use", "PATCH", sale.Path, """{"items":[{"skuId":1001,"allocated":0}]}""");
    }

    [Fact]
    public async Task A_dry_run_of_a_new_sale_stores_nothing_and_names_what_is_odd()
    {
        var other = await PlannedSale.CreateAsync(administration);
        var sale = new PlannedSale(administration);
        var preview = await administration.DoesAsync("POST", "/sales?dryRun=true", sale.Json());
        Assert.Equal(sale.Id, preview.GetProperty("saleId").GetInt64());
        Assert.Contains("Its window has begun: it sells from the moment at which it is opened.", Warnings(preview));
        Assert.Contains(Warnings(preview), warning => warning.EndsWith("sells SKU 1001 at the same time.", StringComparison.Ordinal));
        await administration.RefusesAsync(HttpStatusCode.NotFound, "unknown-sale", "GET", sale.Path);
        await administration.RefusesAsync(HttpStatusCode.Conflict, "sale-exists", "POST", "/sales?dryRun=true", other.Json());
        await administration.RefusesAsync(
            HttpStatusCode.BadRequest, "invalid-request", "POST", "/sales?dryRun=true", sale.Json(("\"Test\"", "\"\"")));
    }

    [Theory]
    [InlineData("""{"items":[{"skuId":1}]}""")]
    [InlineData("""{"items":[{"skuId":1001},{"skuId":1001}]}""")]
    [InlineData("""{"items":[{}]}""")]
    [InlineData("""{"items":[null]}""")]
    [InlineData("""{"closesAt":"2019-01-01T00:00:00Z"}""")]
    [InlineData("""{"state":"open"}""")]
    [InlineData("""{"items":[{"skuId":1001,"limitPerUser":0}]}""")]
    [InlineData("""{"items":[{"skuId":1001,"ordersPerUser":1001}]}""")]
    [InlineData("""{"items":[{"skuId":1001,"coolDownSeconds":-1}]}""")]
    public async Task An_edit_that_cannot_be_is_refused(string body)
    {
        var sale = await PlannedSale.CreateAsync(administration);
        await administration.RefusesAsync(HttpStatusCode.BadRequest, "invalid-request", "PATCH", sale.Path, body);
    }

    private static string Text(JsonElement one, string member) => one.GetProperty(member).GetString()!;

    private static List<string> Warnings(JsonElement preview) =>
        [.. preview.GetProperty("warnings").EnumerateArray().Select(warning => warning.GetString()!)];
}
