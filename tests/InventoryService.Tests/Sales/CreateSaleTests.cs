using System.Net;
using Dapper;
using Seckill.Shared.Stock;

namespace Seckill.InventoryService.Tests.Sales;

/// <summary>A mistake in the plan of a sale is found by the one who makes it, by field, before anything is stored.</summary>
public sealed class CreateSaleTests(Administration administration)
{
    private readonly PlannedSale _sale = new(administration);

    public static TheoryData<string, string, string> Mistakes => new()
    {
        { "\"name\":\"Test\"", "\"name\":\"\"", "name" },
        { "\"name\":\"Test\"", "\"name\":\"  \"", "name" },
        { "\"name\":\"Test\"", "\"name\":null", "name" },
        { "\"name\":\"Test\"", "\"name\":\"a\\u0000b\"", "name" },
        { "\"name\":\"Test\"", "\"name\":\"" + new string('x', 201) + "\"", "name" },
        { "\"name\":\"Test\"", "\"name\":\"\\ud800\"", "name" },
        { "\"name\":\"Test\",", "", "name" },
        { "2020-01-01T00:00:00Z", "2020-01-01T00:00:00", "opensAt" },
        { "2020-01-01T00:00:00Z", "soon", "opensAt" },
        { "2120-01-01T00:00:00Z", "2020-01-01T00:00:00Z", "closesAt" },
        { "2120-01-01T00:00:00Z", "2019-01-01T00:00:00Z", "closesAt" },
        { "2120-01-01T00:00:00Z", "2020-01-01T00:00:00.0000001Z", "closesAt" },
        { "2120-01-01T00:00:00Z", "2020-01-01T00:00:00.0009Z", "closesAt" },
        { "\"paymentTimeoutSeconds\":900", "\"paymentTimeoutSeconds\":0", "paymentTimeoutSeconds" },
        { "\"paymentTimeoutSeconds\":900", "\"paymentTimeoutSeconds\":604801", "paymentTimeoutSeconds" },
        { "\"paymentTimeoutSeconds\":900", "\"paymentTimeoutSeconds\":1.5", "paymentTimeoutSeconds" },
        { "\"saleId\":", "\"saleId\":-", "saleId" },
        { "2020-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "opensAt" },
        { "2120-01-01T00:00:00Z", "9999-12-31T23:59:59.9999999Z", "closesAt" },
        { "\"items\":[", "\"items\":[null,", "items[0]" },
        { "\"skuId\":1001", "\"skuId\":0", "items[0].skuId" },
        { "\"allocated\":10", "\"allocated\":-1", "items[0].allocated" },
        { "\"allocated\":10", "\"allocated\":1000000001", "items[0].allocated" },
        { "\"allocated\":10", "\"allocated\":2147483648", "items[0].allocated" },
        { "\"limitPerUser\":2", "\"limitPerUser\":0", "items[0].limitPerUser" },
        { "\"limitPerUser\":2", "\"limitPerUser\":101", "items[0].limitPerUser" },
        { "\"limitPerUser\":2", "\"limitPerUser\":2147483647", "items[0].limitPerUser" },
        { "\"unitPrice\":4999", "\"unitPrice\":-1", "items[0].unitPrice" },
        { "\"unitPrice\":4999", "\"unitPrice\":0", "items[0].unitPrice" },
        { "\"unitPrice\":4999", "\"unitPrice\":4611686018427387904", "items[0].unitPrice" },
        { "\"unitPrice\":4999", "\"unitPrice\":49.99", "items[0].unitPrice" },
        { "\"currency\":\"EUR\"", "\"currency\":\"EUR\",\"ordersPerUser\":-1", "items[0].ordersPerUser" },
        { "\"currency\":\"EUR\"", "\"currency\":\"EUR\",\"ordersPerUser\":1001", "items[0].ordersPerUser" },
        { "\"currency\":\"EUR\"", "\"currency\":\"EUR\",\"coolDownSeconds\":-1", "items[0].coolDownSeconds" },
        { "\"currency\":\"EUR\"", "\"currency\":\"EUR\",\"coolDownSeconds\":86401", "items[0].coolDownSeconds" },
        { "\"currency\":\"EUR\"", "\"currency\":\"eur\"", "items[0].currency" },
        { "\"currency\":\"EUR\"", "\"currency\":\"EURO\"", "items[0].currency" },
        { "\"currency\":\"EUR\"", "\"currency\":\"ÄÖÜ\"", "items[0].currency" },
        { "\"currency\":\"EUR\"", "\"currency\":\"EUR\",\"color\":1", "items[0].color" },
        { "{\"skuId\":1001,\"allocated\":10,\"limitPerUser\":2,\"unitPrice\":4999,\"currency\":\"EUR\"}", "", "items" },
        {
            "\"items\":[",
            "\"items\":[{\"skuId\":1001,\"allocated\":10,\"limitPerUser\":2,\"unitPrice\":4999,\"currency\":\"EUR\"},",
            "items"
        },
    };

    [Fact]
    public async Task A_created_sale_is_shown_as_it_was_given()
    {
        var answer = await administration.AskAsync("POST", "/sales", _sale.Json());
        Assert.Equal(HttpStatusCode.Created, answer.Status);
        Assert.Equal(_sale.Path, answer.Headers.Location!.ToString());
        Assert.Equal(
            $$"""{"saleId":{{_sale.Id}},"name":"Test","opensAt":"2020-01-01T00:00:00.000Z","closesAt":"2120-01-01T00:00:00.000Z","""
            + "\"paymentTimeoutSeconds\":900,\"state\":\"created\","
            + "\"items\":[{\"skuId\":1001,\"allocated\":10,\"limitPerUser\":2,\"unitPrice\":4999,\"currency\":\"EUR\"}]}",
            answer.Body.GetRawText());
        Assert.Equal(answer.Body.GetRawText(), (await administration.DoesAsync("GET", _sale.Path)).GetRawText());
        Assert.Contains(
            (await administration.DoesAsync("GET", "/sales")).EnumerateArray(), sale => sale.GetRawText() == answer.Body.GetRawText());
    }

    [Fact]
    public async Task A_created_sale_sells_nothing_yet()
    {
        await administration.DoesAsync("POST", "/sales", _sale.Json());
        Assert.Null(await TestItem.Ledger.InspectAsync(_sale.Keys));
    }

    [Theory]
    [MemberData(nameof(Mistakes))]
    public async Task A_mistake_is_named_by_its_field_and_nothing_is_stored(string right, string wrong, string field)
    {
        var problem = await administration.RefusesAsync(
            HttpStatusCode.BadRequest, "invalid-request", "POST", "/sales", _sale.Json((right, wrong)));
        Assert.True(problem.GetProperty("errors").TryGetProperty(field, out _), problem.GetRawText());
        await administration.RefusesAsync(HttpStatusCode.NotFound, "unknown-sale", "GET", _sale.Path);
    }

    [Fact]
    public async Task A_taken_id_is_a_conflict_and_changes_nothing()
    {
        var first = await administration.DoesAsync("POST", "/sales", _sale.Json());
        await administration.RefusesAsync(
            HttpStatusCode.Conflict, "sale-exists", "POST", "/sales", _sale.Json(("\"allocated\":10", "\"allocated\":99")));
        Assert.Equal(first.GetRawText(), (await administration.DoesAsync("GET", _sale.Path)).GetRawText());
    }

    [Fact]
    public async Task Of_many_who_create_the_same_sale_at_once_one_does()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => administration.AskAsync("POST", "/sales", _sale.Json())));
        Assert.Single(answers, answer => answer.Status == HttpStatusCode.Created);
        Assert.Equal(7, answers.Count(answer => answer.Status == HttpStatusCode.Conflict));
    }

    [Fact]
    public async Task The_largest_values_are_stored_as_they_are()
    {
        var created = await administration.DoesAsync("POST", "/sales", _sale.Json(
            ("\"allocated\":10", "\"allocated\":1000000000"), ("\"unitPrice\":4999", "\"unitPrice\":9223372036854775807"),
            ("\"limitPerUser\":2", "\"limitPerUser\":1"),
            ("2120-01-01T00:00:00Z", "9999-12-31T23:59:59Z"), ("2020-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
            ("Test", new string('x', 200))));
        Assert.Contains("9223372036854775807", created.GetRawText(), StringComparison.Ordinal);
        await administration.DoesAsync("POST", _sale.Path + "/open");
        Assert.Equal(ReserveOutcome.Reserved, (await _sale.ReserveAsync(7)).Outcome);
    }

    [Fact]
    public async Task A_name_is_counted_in_characters()
    {
        // Each is two UTF-16 units.
        var name = string.Concat(Enumerable.Repeat("😀", 200));
        var created = await administration.DoesAsync("POST", "/sales", _sale.Json(("Test", name)));
        Assert.Equal(name, created.GetProperty("name").GetString());
    }

    [Fact]
    public async Task A_row_with_an_infinite_time_does_not_keep_the_list_from_anyone()
    {
        await administration.DoesAsync("POST", "/sales", _sale.Json());
        await using (var connection = await Servers.Orders.OpenConnectionAsync())
        {
            await connection.ExecuteAsync("update sales set opens_at = '-infinity' where sale_id = @Id", new { _sale.Id });
        }

        var listed = (await administration.DoesAsync("GET", "/sales")).EnumerateArray().ToList();
        Assert.Contains(listed, sale => sale.GetProperty("saleId").GetInt64() == _sale.Id);
    }

    [Theory]
    [InlineData("+1")]
    [InlineData("%201")]
    [InlineData("1%20")]
    [InlineData("0001")]
    [InlineData("-0")]
    [InlineData("9223372036854775808")]
    public async Task An_id_has_one_spelling(string id)
    {
        Assert.Equal(HttpStatusCode.NotFound, (await administration.AskAsync("GET", "/sales/" + id)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await administration.AskAsync("POST", $"/sales/{id}/open")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await administration.AskAsync("GET", $"/sales/{id}/ledger")).Status);
    }
}
