using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Dapper;
using Seckill.Shared.Security;

namespace Seckill.OrderService.Tests.LegacyOrders;

/// <summary>
/// Who switches the dual write changes where a shop's orders go. Broken by a mistake that is accepted, or by a request without a body,
/// which asks for the defaults, that is refused; and by a difference that no page of the list has.
/// </summary>
public sealed class DualWriteEndpointTests(StorefrontHost storefront)
{
    [Theory]
    [InlineData("PUT", "")]
    [InlineData("GET", "")]
    [InlineData("GET", "/verifier")]
    [InlineData("GET", "/discrepancies")]
    [InlineData("GET", "/backfill")]
    [InlineData("POST", "/backfill")]
    [InlineData("POST", "/repair")]
    public async Task Without_the_key_nothing_is_told_or_done(string method, string below) =>
        Assert.Equal((HttpStatusCode.Unauthorized, "unauthenticated"), Code(await AskAsync(method, below, "{}", "another key")));

    [Theory]
    [InlineData("""{"mode":"on"}""")]
    [InlineData("""{"mode":1}""")]
    [InlineData("""{"readFromNewPercent":101}""")]
    [InlineData("""{"readFromNewPercent":-1}""")]
    [InlineData("""{"readFromNewPercent":0.5}""")]
    [InlineData("""{"unknown":1}""")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{")]
    public async Task A_mistake_changes_nothing(string json)
    {
        var before = await AskAsync("GET", "");
        Assert.Equal((HttpStatusCode.BadRequest, "invalid-request"), Code(await AskAsync("PUT", "", json)));
        var after = await AskAsync("GET", "");
        Assert.Equal(
            (before.Body.GetProperty("mode").GetString(), before.Body.GetProperty("readFromNewPercent").GetInt32()),
            (after.Body.GetProperty("mode").GetString(), after.Body.GetProperty("readFromNewPercent").GetInt32()));
    }

    [Fact]
    public async Task A_body_that_is_too_large_or_not_JSON_is_refused()
    {
        Assert.Equal(
            (HttpStatusCode.RequestEntityTooLarge, "too-large"), Code(await AskAsync("PUT", "", "{" + new string(' ', 65_536) + "}")));
        Assert.Equal((HttpStatusCode.UnsupportedMediaType, "not-json"), Code(await AskAsync("PUT", "", "{}", type: "text/plain")));
    }

    [Fact]
    public async Task Without_a_body_a_repair_says_what_it_would_do()
    {
        var (status, body) = await AskAsync("POST", "/repair");
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.True(body.GetProperty("dryRun").GetBoolean());
    }

    [Fact]
    public async Task Every_discrepancy_is_on_one_page()
    {
        await using var connection = await Servers.Orders.OpenConnectionAsync();
        long[] made =
        [
            .. await connection.QueryAsync<long>(
                """
                insert into legacy_discrepancies (order_id, class)
                select md5(random()::text), 'extra' from generate_series(1, 5) returning id
                """),
        ];
        try
        {
            var seen = new List<long>();
            for (var next = "?limit=2"; next.Length > 0 && made.Except(seen).Any();)
            {
                using var client = storefront.CreateClient();
                client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", DevelopmentKeys.Ops);
                using var response = await client.GetAsync(new Uri("/dual-write/discrepancies" + next, UriKind.Relative)).InTime();
                seen.AddRange(JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.EnumerateArray()
                    .Select(found => found.GetProperty("id").GetInt64()));
                next = response.Headers.TryGetValues("Link", out var links) ? links.Single().Split('<', '>')[1] : "";
            }

            Assert.Equal(made.OrderDescending(), seen.Where(made.Contains));
            Assert.Equal(
                (HttpStatusCode.BadRequest, "invalid-request"), Code(await AskAsync("GET", "/discrepancies?limit=1001")));
        }
        finally
        {
            await connection.ExecuteAsync("delete from legacy_discrepancies where id = any(@made)", new { made });
        }
    }

    // Broken by an endpoint that changes something beside the record, or by one that is not an admin's.
    [Fact]
    public async Task What_operators_ask_of_it_is_recorded_with_the_state_before()
    {
        var mark = $"{Guid.NewGuid():N}";
        Assert.Equal((HttpStatusCode.BadRequest, "invalid-request"), Code(await AskAsync("PUT", "?mark=" + mark, """{"mode":"loud"}""")));
        await using var connection = await Servers.Orders.OpenConnectionAsync();
        var (name, role, action, service, status, before, after) =
            await connection.QuerySingleAsync<(string, string, string, string, int, string, string)>(
                """
                select operator, role, action, service, status, before->>'mode', after->>'code' from operator_actions
                where target = 'PUT /dual-write?mark=' || @mark
                """,
                new { mark });
        Assert.Equal(
            ("ops", "admin", "changeDualWrite", "Seckill.OrderService", 400, "invalid-request"),
            (name, role, action, service, status, after));
        Assert.Contains(before, (string[])["off", "shadow", "dual", "retired"]);
    }

    private static (HttpStatusCode Status, string? Code) Code((HttpStatusCode Status, JsonElement Body) answer) =>
        (answer.Status, answer.Body.GetProperty("code").GetString());

    private async Task<(HttpStatusCode Status, JsonElement Body)> AskAsync(
        string method, string below, string? json = null, string key = DevelopmentKeys.Ops, string type = "application/json")
    {
        using var client = storefront.CreateClient();
        using var request = new HttpRequestMessage(new HttpMethod(method), "/dual-write" + below);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        request.Content = json is null ? null : new StringContent(json, new MediaTypeHeaderValue(type));
        using var response = await client.SendAsync(request).InTime();
        return (response.StatusCode, JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement);
    }
}
