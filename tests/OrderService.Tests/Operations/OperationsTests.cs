using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;
using HealthChecks.UI.Core;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Seckill.OrderService.Tests.Operations;

/// <summary>What operators and machines ask: the description of the interface, health, metrics.</summary>
public sealed class OperationsTests(StorefrontHost storefront)
{
    // As the collector of AspNetCore.HealthChecks.UI reads.
    private static readonly JsonSerializerOptions s_dashboard =
        new() { PropertyNameCaseInsensitive = true, Converters = { new JsonStringEnumConverter() } };

    private static readonly string[] s_undescribed =
        ["/metrics", "/openapi/{documentName}.json", "/health/live", "/health/ready", "/health/serving"];

    [Fact]
    public async Task The_description_has_every_endpoint_and_its_statuses()
    {
        using var client = storefront.CreateClient();
        var paths = JsonDocument.Parse(await client.GetStringOfAsync("/openapi/v1.json")).RootElement.GetProperty("paths");
        var described = (
            from path in paths.EnumerateObject()
            from method in path.Value.EnumerateObject()
            let statuses = method.Value.GetProperty("responses").EnumerateObject().Select(response => response.Name).Order()
            select $"{method.Name.ToUpperInvariant()} {path.Name}: {string.Join(' ', statuses)}")
            .Order().ToList();
        var mapped = (
            from source in storefront.Services.GetRequiredService<IEnumerable<EndpointDataSource>>()
            from endpoint in source.Endpoints.OfType<RouteEndpoint>()
            let path = "/" + endpoint.RoutePattern.RawText!.Trim('/').Replace(":id}", "}", StringComparison.Ordinal)
            where !s_undescribed.Contains(path) && !path.StartsWith("/scalar", StringComparison.Ordinal)
                && !path.StartsWith("/queue", StringComparison.Ordinal)
            from method in endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods
            let responses = endpoint.Metadata.OfType<IProducesResponseTypeMetadata>()
            let statuses = responses.Select(response => response.StatusCode).Distinct().Order()
            select $"{method} {path}: {string.Join(' ', statuses)}").Order().ToList();
        Assert.Equal(mapped, described);
        Assert.Contains("POST /orders: 202 400 401 403 404 408 409 413 415 422 429 503", described);
        Assert.Contains("GET /orders/{orderId}: 200 401 404 429 503", described);
        Assert.Contains("GET /sales: 200 304 429 503", described);
        Assert.Contains("GET /sales/{saleId}: 200 304 404 429 503", described);
    }

    // Clients decide by the code, so the description must name each of them. Broken by a status that is described alone.
    [Fact]
    public async Task The_description_names_the_codes_of_every_refusal()
    {
        using var client = storefront.CreateClient();
        var document = JsonDocument.Parse(await client.GetStringOfAsync("/openapi/v1.json")).RootElement;
        Dictionary<string, string[]> codes = (
            from path in document.GetProperty("paths").EnumerateObject()
            from method in path.Value.EnumerateObject()
            from response in method.Value.GetProperty("responses").EnumerateObject()
            where response.Name[0] >= '4'
            let schema = response.Value.GetProperty("content").GetProperty("application/problem+json").GetProperty("schema")
            let code = schema.GetProperty("allOf")[1].GetProperty("properties").GetProperty("code").GetProperty("enum")
            select ($"{method.Name} {path.Name} {response.Name}", code.EnumerateArray().Select(one => one.GetString()!).ToArray()))
            .ToDictionary(pair => pair.Item1, pair => pair.Item2);
        Assert.All(codes.Values, Assert.NotEmpty);
        Assert.Equal(["limit-reached", "orders-used-up", "sale-closed", "sale-not-open", "sold-out"], codes["post /orders 409"]);
        Assert.Equal(["cooling-down", "rate-limited"], codes["post /orders 429"]);
        Assert.Equal(["request-timeout"], codes["post /payments 408"]);
        Assert.Equal(["legacy-not-configured"], codes["put /dual-write 409"]);
        var body = document.GetProperty("components").GetProperty("schemas").GetProperty("ProblemBody").GetProperty("properties");
        Assert.Equal(
            ["type", "title", "status", "code", "errors", "orderIds", "opensAt", "challenge", "bits", "reasons"],
            body.EnumerateObject().Select(member => member.Name));
    }

    // What operators may leave out: a client made from the description would refuse to.
    [Fact]
    public async Task The_description_requires_no_member_of_a_change_of_the_dual_write()
    {
        using var client = storefront.CreateClient();
        var document = JsonDocument.Parse(await client.GetStringOfAsync("/openapi/v1.json")).RootElement;
        var schemas = document.GetProperty("components").GetProperty("schemas");
        Assert.False(schemas.GetProperty("DualWriteRequest").TryGetProperty("required", out _));
        Assert.False(schemas.GetProperty("RepairRequest").TryGetProperty("required", out _));
        var body = document.GetProperty("paths").GetProperty("/dual-write/repair").GetProperty("post").GetProperty("requestBody");
        Assert.False(body.TryGetProperty("required", out var required) && required.GetBoolean());
    }

    [Theory]
    [InlineData("idle_in_transaction_session_timeout", "15s")]
    [InlineData("jit", "off")]
    public async Task PostgreSQL_ends_a_transaction_that_a_frozen_process_has_left_open_and_compiles_nothing(string setting, string value)
    {
        var database = storefront.Services.GetRequiredService<NpgsqlDataSource>();
        // Also of a connection that comes out of the pool, where it was reset.
        for (var time = 0; time < 2; time++)
        {
            await using var command = database.CreateCommand("show " + setting);
            Assert.Equal(value, await command.ExecuteScalarAsync().InTime());
        }
    }

    [Fact]
    public async Task The_process_is_alive_and_says_nothing_of_its_stores()
    {
        using var client = storefront.CreateClient();
        var report = JsonDocument.Parse(await client.GetStringOfAsync("/health/live")).RootElement;
        Assert.Equal("healthy", report.GetProperty("status").GetString());
        Assert.Equal(0, report.GetProperty("checks").GetArrayLength());
        Assert.Empty(report.GetProperty("entries").EnumerateObject());
    }

    [Fact]
    public async Task Readiness_tells_the_state_of_every_store()
    {
        using var client = storefront.CreateClient();
        JsonElement report = default;
        await Eventually.IsTrueAsync(
            "the service is ready",
            async () => (report = JsonDocument.Parse(await client.GetStringOfAsync("/health/ready")).RootElement)
                .GetProperty("status").GetString() == "healthy");
        Assert.Equal(
            ["clock", "legacy", "postgres", "queue", "rabbitmq", "redis", "serving", "warm-up"],
            report.GetProperty("checks").EnumerateArray().Select(check => check.GetProperty("name").GetString()).Order());
        Assert.All(report.GetProperty("checks").EnumerateArray(), check => Assert.Equal(
            ["name", "status", "durationMs", "detail", "data"], check.EnumerateObject().Select(member => member.Name)));
    }

    [Fact]
    public async Task A_dashboard_of_HealthChecks_UI_reads_the_same_report()
    {
        using var client = storefront.CreateClient();
        var text = "";
        await Eventually.IsTrueAsync("the service is ready", async () => (text = await client.GetStringOfAsync("/health/ready"))
            .StartsWith("{\"status\":\"healthy\"", StringComparison.Ordinal));
        var report = JsonSerializer.Deserialize<UIHealthReport>(text, s_dashboard)!;
        Assert.Equal(UIHealthStatus.Healthy, report.Status);
        Assert.InRange(report.TotalDuration, TimeSpan.FromTicks(1), TimeSpan.FromSeconds(5));
        var checks = JsonDocument.Parse(text).RootElement.GetProperty("checks").EnumerateArray().ToList();
        Assert.Equal(checks.Select(check => check.GetProperty("name").GetString()), report.Entries.Keys);
        Assert.All(checks, check =>
        {
            var entry = report.Entries[check.GetProperty("name").GetString()!];
            Assert.Equal(UIHealthStatus.Healthy, entry.Status);
            Assert.Equal(check.GetProperty("durationMs").GetDouble(), entry.Duration.TotalMilliseconds, 0.01);
            Assert.Equal(check.GetProperty("detail").GetString(), entry.Description);
            Assert.Equal(check.GetProperty("data").EnumerateObject().Select(member => member.Name), entry.Data.Keys);
            Assert.NotNull(entry.Tags);
        });
        Assert.Equal("15", report.Entries["postgres"].Data["version"].ToString()![..2]);
    }

    [Fact]
    public async Task A_lost_Redis_makes_the_storefront_unready_and_orders_unavailable()
    {
        await using var lost = new StorefrontHost(new() { ["ConnectionStrings:Redis"] = "127.0.0.1:1", ["role"] = "api" });
        await lost.InitializeAsync();
        using var client = lost.CreateClient();
        using var ready = await client.GetAsync(new Uri("/health/ready", UriKind.Relative)).InTime();
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        using var live = await client.GetAsync(new Uri("/health/live", UriKind.Relative)).InTime();
        Assert.Equal(HttpStatusCode.OK, live.StatusCode);
        // Or a balancer would take all storefronts out at once, and with them the answer below.
        using var serving = await client.GetAsync(new Uri("/health/serving", UriKind.Relative)).InTime();
        Assert.Equal(HttpStatusCode.OK, serving.StatusCode);
        using var order = await lost.OrderAsync(new TestItem().Key, 7);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, order.StatusCode);
        Assert.NotNull(order.Headers.RetryAfter);
        Assert.Contains("\"code\":\"unavailable\"", await order.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_storefront_without_database_and_broker_still_takes_orders()
    {
        await using var alone = new StorefrontHost(new()
        {
            ["ConnectionStrings:Orders"] = "Host=127.0.0.1;Port=1;Username=x;Password=x;Database=x",
            ["ConnectionStrings:RabbitMq"] = "amqp://guest:guest@127.0.0.1:1/",
            ["role"] = "api",
        });
        await alone.InitializeAsync();
        var item = await TestItem.OpenEverywhereAsync();
        using var order = await alone.OrderAsync(item.Key, 7);
        Assert.Equal(HttpStatusCode.Accepted, order.StatusCode);
        using var client = alone.ClientOf(7);
        Assert.Contains(
            "\"status\":\"reserved\"", await client.GetStringOfAsync(order.Headers.Location!.ToString()), StringComparison.Ordinal);
        using var ready = await client.GetAsync(new Uri("/health/ready", UriKind.Relative)).InTime();
        Assert.Equal(HttpStatusCode.OK, ready.StatusCode);
        Assert.Contains("\"status\":\"degraded\"", await ready.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Metrics_count_what_buyers_were_told_up_to_now()
    {
        var item = await TestItem.OpenEverywhereAsync();
        using var client = storefront.CreateClient();
        var before = Reserved(await ScrapeAsync(client));
        using var order = await storefront.OrderAsync(item.Key, 7);
        var page = await ScrapeAsync(client);
        Assert.InRange(Reserved(page), before + 1, before + 1_000);
        Assert.Contains("seckill_reservations_call_duration_seconds_bucket{le=\"+Inf\"} ", page, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("text/plain;version=0.0.4;q=0.5,*/*;q=0.1", "text/plain; version=0.0.4; charset=utf-8")]
    [InlineData("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.3",
        "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores")]
    public async Task Metrics_have_the_same_names_in_every_form_that_a_scrape_may_ask_for(string accepts, string answered)
    {
        using var order = await storefront.OrderAsync((await TestItem.OpenEverywhereAsync()).Key, 7);
        using var client = storefront.CreateClient();
        client.DefaultRequestHeaders.Add("Accept", accepts);
        using var response = await client.GetAsync(new Uri("/metrics", UriKind.Relative)).InTime();
        Assert.Equal(answered, response.Content.Headers.ContentType!.ToString());
        Assert.True(Reserved(await response.Content.ReadAsStringAsync()) > 0);
    }

    private static Task<string> ScrapeAsync(HttpClient client) => client.GetStringOfAsync("/metrics");

    // 0 while there is no such sample: its labels are ours alone.
    private static long Reserved(string page) =>
        page.Split('\n').Where(line => line.StartsWith("seckill_reservations_total{outcome=\"Reserved\"} ", StringComparison.Ordinal))
            .Sum(line => long.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
}
