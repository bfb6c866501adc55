using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Seckill.Shared.Security;
using Seckill.Tests.Harness.Processes;

namespace Seckill.InventoryService.Tests.Operations;

/// <summary>
/// Promise: an operator is a person whose role is enforced and whose actions are recorded, with who, when, from where, before and after; a
/// sign-in leaves no key in the browser. Broken by an endpoint that forgets the role, an action without a record, or a page of another site
/// that acts with the session. A process of its own, because wrong keys are counted.
/// </summary>
public sealed class OperatorTests : IAsyncLifetime
{
    private const int Failures = 5;
    private const string Viewer = "the-key-of-vera-0123456789-0123456789";
    private const string Seller = "the-key-of-otto-0123456789-0123456789";
    private const string Expired = "the-key-of-past-0123456789-0123456789";
    private ServiceProcess _service = null!;

    public async ValueTask InitializeAsync()
    {
        _service = ServiceProcess.Start("operators", "InventoryService", [],
        [
            ("ASPNETCORE_ENVIRONMENT", "Development"), ("DOTNET_ENVIRONMENT", "Development"),
            ("Sweeper__MinimumAgeMilliseconds", "600000"), ("Auditor__IntervalMilliseconds", "3600000"), ("Rebuild__Automatic", "false"),
            ("AllowedHosts", "ops.example;127.0.0.1"), ("OpsAccess__FailureBurst", Failures.ToString(CultureInfo.InvariantCulture)),
            ("Auth__OpsKey", DevelopmentKeys.Ops),
            .. Settings(0, "vera", "viewer", Viewer), .. Settings(1, "otto", "operator", Seller), .. Settings(2, "past", "admin", Expired),
            ("Auth__Operators__2__ExpiresAt", "2020-01-01T00:00:00Z"),
        ]);
        await _service.BecomesAsync(200);
    }

    public ValueTask DisposeAsync() => _service.DisposeAsync();

    [Fact]
    public async Task A_viewer_reads_and_changes_nothing_and_an_operator_sells()
    {
        var sale = Random.Shared.NextInt64(1L << 40, 1L << 60);
        var plan = Plan(sale);
        Assert.Equal((HttpStatusCode.OK, ""), Outcome(await AskAsync("GET", "/sales", Viewer)));
        Assert.Equal((HttpStatusCode.Forbidden, "forbidden"), Outcome(await AskAsync("POST", "/sales", Viewer, plan)));
        Assert.Equal((HttpStatusCode.NotFound, "unknown-sale"), Outcome(await AskAsync("GET", $"/sales/{sale}", Viewer)));
        Assert.Equal((HttpStatusCode.Created, ""), Outcome(await AskAsync("POST", "/sales", Seller, plan)));
        Assert.Equal((HttpStatusCode.Forbidden, "forbidden"), Outcome(await AskAsync("POST", $"/sales/{sale}/open", Viewer)));
        Assert.Equal((HttpStatusCode.Unauthorized, "unauthenticated"), Outcome(await AskAsync("GET", "/sales", Expired)));
        Assert.Equal((HttpStatusCode.OK, ""), Outcome(await AskAsync("GET", "/sales", DevelopmentKeys.Ops)));
    }

    [Fact]
    public async Task Every_action_is_recorded_with_who_when_from_where_before_and_after()
    {
        var sale = Random.Shared.NextInt64(1L << 40, 1L << 60);
        await AskAsync("POST", "/sales", Seller, Plan(sale));
        await AskAsync("POST", "/sales", Seller, Plan(sale));
        await AskAsync("POST", $"/sales/{sale}/open", DevelopmentKeys.Ops);
        await AskAsync("GET", $"/sales/{sale}", Viewer);
        await AskAsync("POST", $"/sales/{sale}/close", Viewer);
        var list = (await AskAsync("GET", "/operator-actions?limit=1000", Viewer)).Body;
        var actions = list.EnumerateArray().Where(one =>
            one.GetProperty("target").GetString()!.Contains(sale.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
            || one.GetProperty("after").ToString().Contains($"\"saleId\":{sale}", StringComparison.Ordinal)).ToList();
        // The newest first; the second attempt to create it left no trace of the sale in its answer, and reads and refused people no row.
        Assert.Equal(["ops openSale 200", "otto createSale 201"], actions.Select(one =>
            $"{one.GetProperty("operator")} {one.GetProperty("action")} {one.GetProperty("status")}"));
        Assert.Equal("created", actions[0].GetProperty("before").GetProperty("state").GetString());
        Assert.Equal("open", actions[0].GetProperty("after").GetProperty("state").GetString());
        Assert.Equal(JsonValueKind.Null, actions[1].GetProperty("before").ValueKind);
        Assert.Equal($"POST /sales/{sale}/open", actions[0].GetProperty("target").GetString());
        Assert.Equal(("admin", "Seckill.InventoryService"),
            (actions[0].GetProperty("role").GetString(), actions[0].GetProperty("service").GetString()));
        Assert.True(IPAddress.IsLoopback(IPAddress.Parse(actions[0].GetProperty("from").GetString()!)));
        Assert.InRange(actions[0].GetProperty("at").GetDateTimeOffset(), DateTimeOffset.UnixEpoch.AddYears(50), DateTimeOffset.MaxValue);
        // Others may be refused at the same time: the last that this operator was refused to create is his second attempt.
        var refused = list.EnumerateArray().First(one => one.GetProperty("status").ToString() == "409"
            && (one.GetProperty("operator").GetString(), one.GetProperty("action").GetString()) == ("otto", "createSale"));
        Assert.Equal("sale-exists", refused.GetProperty("after").GetProperty("code").GetString());
    }

    [Fact]
    public async Task An_address_that_tries_wrong_keys_is_stopped_and_locks_no_operator_out()
    {
        var answers = new List<(HttpStatusCode Status, string Code)>();
        for (var i = 0; i < 10 * Failures; i++)
        {
            answers.Add(Outcome(await AskAsync("GET", "/sales", $"a-wrong-key-{i}-0123456789-0123456789")));
        }

        Assert.Contains((HttpStatusCode.Unauthorized, "unauthenticated"), answers);
        Assert.Contains((HttpStatusCode.TooManyRequests, "rate-limited"), answers);
        Assert.Equal(HttpStatusCode.OK, (await AskAsync("GET", "/sales", Viewer)).Status);
        // One that has no key at all is no attempt.
        Assert.Equal(HttpStatusCode.Unauthorized, (await AskAsync("GET", "/sales", null)).Status);
        await _service.WritesAsync("wrong key from (::ffff:)?127.0.0.1");
        Assert.DoesNotContain("a-wrong-key", await _service.OutputAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_session_acts_as_its_operator_for_its_own_pages_alone()
    {
        var sale = Random.Shared.NextInt64(1L << 40, 1L << 60);
        Assert.Equal(HttpStatusCode.Created, (await AskAsync("POST", "/sales", Seller, Plan(sale))).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await AskAsync("GET", "/dashboard/session", null)).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await AskAsync("POST", "/dashboard/session", null)).Status);
        var signedIn = await AskAsync("POST", "/dashboard/session", Seller);
        Assert.Equal((HttpStatusCode.OK, "otto"), (signedIn.Status, signedIn.Body.GetProperty("operator").GetString()));
        var cookie = signedIn.Headers.GetValues("Set-Cookie").Single();
        Assert.DoesNotContain(Seller, cookie, StringComparison.Ordinal);
        cookie = cookie.Split(';')[0];

        Assert.Equal("otto", (await AskAsync("GET", "/dashboard/session", null, cookie: cookie)).Body.GetProperty("operator").GetString());
        Assert.Equal(HttpStatusCode.OK, (await AskAsync("GET", "/sales", null, cookie: cookie)).Status);
        var own = _service.Url.GetLeftPart(UriPartial.Authority);
        foreach (var (origin, status) in new (string?, HttpStatusCode)[]
        {
            (own, HttpStatusCode.OK), (null, HttpStatusCode.OK), ("null", HttpStatusCode.Forbidden),
            ("https://evil.example", HttpStatusCode.Forbidden), (own + "1", HttpStatusCode.Forbidden),
        })
        {
            var answer = await AskAsync("POST", $"/sales/{sale}/open", null, cookie: cookie, origin: origin);
            Assert.Equal((origin, status), (origin, answer.Status));
        }

        // A key that is sent decides, and not the cookie.
        Assert.Equal(HttpStatusCode.Forbidden, (await AskAsync("POST", $"/sales/{sale}/open", Viewer, cookie: cookie)).Status);
        var out1 = await AskAsync("DELETE", "/dashboard/session", null, cookie: cookie);
        Assert.Contains("seckill-session=;", out1.Headers.GetValues("Set-Cookie").Single(), StringComparison.Ordinal);
    }

    // Broken by a page that gives its address another name, and then asks as if it were this site.
    [Fact]
    public async Task Only_names_that_are_allowed_are_answered()
    {
        foreach (var (host, status) in new[]
        {
            ("ops.example", HttpStatusCode.OK), ("ops.example:8081", HttpStatusCode.OK), ("evil.example", HttpStatusCode.BadRequest),
            ("ops.example.evil.example", HttpStatusCode.BadRequest),
        })
        {
            using var http = new HttpClient();
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_service.Url, "/"));
            request.Headers.Host = host;
            using var answer = await http.SendAsync(request).InTime();
            Assert.Equal((host, status), (host, answer.StatusCode));
        }
    }

    private async Task<(HttpStatusCode Status, JsonElement Body, HttpResponseHeaders Headers)> AskAsync(
        string method, string path, string? key, string? json = null, string? cookie = null, string? origin = null)
    {
        using var http = new HttpClient(new HttpClientHandler { UseCookies = false });
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(_service.Url, path));
        request.Headers.Authorization = key is null ? null : new AuthenticationHeaderValue("Bearer", key);
        foreach (var (name, value) in new[] { ("Cookie", cookie), ("Origin", origin) }.Where(one => one.Item2 is not null))
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        request.Content = json is null ? null : new StringContent(json, new MediaTypeHeaderValue("application/json"));
        using var answer = await http.SendAsync(request).InTime();
        var text = await answer.Content.ReadAsStringAsync();
        return (answer.StatusCode, text.Length == 0 ? default : JsonSerializer.Deserialize<JsonElement>(text), answer.Headers);
    }

    private static (HttpStatusCode, string) Outcome((HttpStatusCode Status, JsonElement Body, HttpResponseHeaders Headers) answer) =>
        (answer.Status,
            answer.Body.ValueKind == JsonValueKind.Object && answer.Body.TryGetProperty("code", out var code) ? code.GetString()! : "");

    private static string Plan(long sale) =>
        $$"""
        {"saleId":{{sale}},"name":"Friday","opensAt":"2020-01-01T00:00:00Z","closesAt":"2099-01-01T00:00:00Z","paymentTimeoutSeconds":900,
         "items":[{"skuId":1,"allocated":10,"limitPerUser":1,"unitPrice":1999,"currency":"EUR"}]}
        """;

    private static (string, string?)[] Settings(int number, string name, string role, string key) =>
    [
        ($"Auth__Operators__{number}__Name", name), ($"Auth__Operators__{number}__Role", role),
        ($"Auth__Operators__{number}__KeySha256", Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(key)))),
    ];
}
