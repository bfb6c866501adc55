using System.Text.Json;

namespace Seckill.OrderService.Tests.Operations;

/// <summary>
/// What linters do not ask of the document, and writers of clients need: headers, values of states, units of money, required members.
/// Broken by an attribute or a comment that is lost on the way into the document.
/// </summary>
public sealed class DescriptionTests(StorefrontHost storefront)
{
    [Theory]
    [InlineData("/orders", "post", "Idempotency-Key", false)]
    [InlineData("/orders/{orderId}/events", "get", "Last-Event-ID", false)]
    [InlineData("/payments", "post", "X-Signature", true)]
    [InlineData("/orders", "get", "saleId", true)]
    public async Task A_parameter_that_the_handler_reads_itself_is_described(string path, string method, string name, bool isRequired)
    {
        var operation = (await DocumentAsync()).GetProperty("paths").GetProperty(path).GetProperty(method);
        var parameter = operation.GetProperty("parameters").EnumerateArray().Single(one => one.GetProperty("name").GetString() == name);
        Assert.Equal(isRequired, parameter.TryGetProperty("required", out var required) && required.GetBoolean());
        Assert.True(parameter.TryGetProperty("example", out _));
        Assert.True(parameter.GetProperty("description").GetString()!.Length > 5);
    }

    [Theory]
    [InlineData("/orders", "post", "202", "Location", true)]
    [InlineData("/orders", "post", "401", "WWW-Authenticate", true)]
    [InlineData("/orders", "post", "409", "Retry-After", false)]
    [InlineData("/orders", "post", "429", "Retry-After", true)]
    [InlineData("/orders", "post", "503", "Retry-After", true)]
    [InlineData("/sales/{saleId}", "get", "200", "ETag", true)]
    [InlineData("/sales", "get", "304", "ETag", true)]
    public async Task A_header_of_an_answer_is_described(string path, string method, string status, string name, bool isAlways)
    {
        var response = (await DocumentAsync()).GetProperty("paths").GetProperty(path).GetProperty(method).GetProperty("responses")
            .GetProperty(status);
        var header = response.GetProperty("headers").GetProperty(name);
        Assert.Equal(isAlways, header.TryGetProperty("required", out var required) && required.GetBoolean());
    }

    [Theory]
    [InlineData("/orders", "post", "buyerToken")]
    [InlineData("/orders/{orderId}/events", "get", "buyerToken streamTicket")]
    [InlineData("/orders/{orderId}/cancel", "post", "buyerToken")]
    [InlineData("/payments", "post", "paymentSignature")]
    [InlineData("/dual-write", "put", "opsKey")]
    [InlineData("/sales", "get", "")]
    public async Task An_operation_says_which_credentials_it_takes(string path, string method, string expected)
    {
        var document = await DocumentAsync();
        var security = document.GetProperty("paths").GetProperty(path).GetProperty(method).GetProperty("security");
        var taken = security.EnumerateArray().SelectMany(one => one.EnumerateObject()).Select(one => one.Name);
        Assert.Equal(expected, string.Join(' ', taken));
        var known = document.GetProperty("components").GetProperty("securitySchemes").EnumerateObject().Select(scheme => scheme.Name);
        Assert.Equal(["buyerToken", "opsKey", "paymentSignature", "streamTicket"], known);
    }

    [Theory]
    [InlineData("OrderAccepted", "status", "reserved")]
    [InlineData("OrderStatus", null, "reserved placed paid cancelled expired rejected")]
    [InlineData("SaleView", "state", "upcoming open closed")]
    [InlineData("SaleSummary", "state", "upcoming open")]
    [InlineData("PaymentAnswer", "outcome", "accepted duplicate refund")]
    public async Task A_state_has_all_its_values(string type, string? member, string values)
    {
        var schema = Schema(await DocumentAsync(), type);
        schema = member is null ? schema : schema.GetProperty("properties").GetProperty(member);
        Assert.Equal("string", schema.GetProperty("type").GetString());
        Assert.Equal(values, string.Join(' ', schema.GetProperty("enum").EnumerateArray()));
    }

    [Theory]
    [InlineData("OrderAccepted", "unitPrice")]
    [InlineData("OrderView", "unitPrice")]
    [InlineData("SaleItemView", "unitPrice")]
    [InlineData("Payment", "amount")]
    public async Task Money_says_that_it_is_in_minor_units(string type, string member)
    {
        var money = Schema(await DocumentAsync(), type).GetProperty("properties").GetProperty(member);
        Assert.Equal(("integer", "int64"), (money.GetProperty("type").GetString(), money.GetProperty("format").GetString()));
        Assert.StartsWith("Minor units of `currency`", money.GetProperty("description").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("PlaceOrder", "saleId skuId quantity")]
    [InlineData("Payment", "paymentId orderId amount currency")]
    public async Task A_request_must_have_its_members_and_they_must_not_be_null(string type, string members)
    {
        var schema = Schema(await DocumentAsync(), type);
        Assert.Equal(members, string.Join(' ', schema.GetProperty("required").EnumerateArray()));
        Assert.All(
            schema.GetProperty("properties").EnumerateObject(),
            member => Assert.Equal(JsonValueKind.String, member.Value.GetProperty("type").ValueKind));
    }

    [Fact]
    public async Task Every_body_has_an_example_and_every_refusal_its_real_body()
    {
        var operations = (await DocumentAsync()).GetProperty("paths").EnumerateObject().SelectMany(path => path.Value.EnumerateObject());
        foreach (var operation in operations.Select(operation => operation.Value))
        {
            var owners = operation.GetProperty("responses").EnumerateObject().Select(response => response.Value).ToList();
            if (operation.TryGetProperty("requestBody", out var request))
            {
                owners.Add(request);
            }

            Assert.All(
                owners.Where(owner => owner.TryGetProperty("content", out _))
                    .SelectMany(owner => owner.GetProperty("content").EnumerateObject()),
                body => Assert.True(body.Value.TryGetProperty("example", out _) || body.Value.TryGetProperty("examples", out _)));
        }

        var refusals = (await DocumentAsync()).GetProperty("paths").GetProperty("/orders").GetProperty("post").GetProperty("responses")
            .GetProperty("409").GetProperty("content").GetProperty("application/problem+json").GetProperty("examples");
        Assert.Equal(
            "Fewer units are left than requested.", refusals.GetProperty("sold-out").GetProperty("value").GetProperty("title").GetString());
        Assert.Equal(1, refusals.GetProperty("limit-reached").GetProperty("value").GetProperty("orderIds").GetArrayLength());
    }

    [Fact]
    public async Task The_document_says_what_it_describes_and_in_which_version()
    {
        var info = (await DocumentAsync()).GetProperty("info");
        Assert.Equal("Seckill order service", info.GetProperty("title").GetString());
        Assert.Equal(Seckill.Shared.Telemetry.BuildInfo.Version, info.GetProperty("version").GetString());
        Assert.Equal("Apache-2.0", info.GetProperty("license").GetProperty("identifier").GetString());
        Assert.DoesNotContain("  ", info.GetProperty("description").GetString(), StringComparison.Ordinal);
    }

    private static JsonElement Schema(JsonElement document, string type) =>
        document.GetProperty("components").GetProperty("schemas").GetProperty(type);

    private async Task<JsonElement> DocumentAsync()
    {
        using var client = storefront.CreateClient();
        return JsonDocument.Parse(await client.GetStringOfAsync("/openapi/v1.json")).RootElement;
    }
}
