using System.Text;
using Seckill.Shared.Security;

namespace Seckill.OrderService.Tests.Storefront;

/// <summary>
/// Whatever a hostile or broken client sends gets a documented refusal, never an error of ours, and leaves no trace in Redis. Sent
/// over a raw socket, because a client library would correct most of it.
/// </summary>
public sealed class BadInputTests(StorefrontHost storefront)
{
    private readonly string _token = storefront.Token(TestItem.NewId());

    public static TheoryData<string, string> Bodies => new()
    {
        // Not JSON at all.
        { "", "body" }, { "{", "body" }, { "{\"saleId\":SALE,\"skuId\":1001,\"quantity\":1", "quantity" }, { "null", "body" },
        { "[]", "body" },
        { "1", "body" }, { "\"x\"", "body" }, { "{}{}", "body" }, { "\ufeff{}", "body" }, { "saleId=1", "body" },
        { "{\"saleId\":SALE,\"skuId\":1001,\"quantity\":1,}", "body" },
        { "{\"saleId\":SALE,\"skuId\":1001,\"quantity\":1} x", "body" },
        { "/**/{\"saleId\":SALE,\"skuId\":1001,\"quantity\":1}", "body" },
        { "{\"saleId\":SALE,\"skuId\":1001,\"quantity\":0x1}", "quantity" },
        // Wrong types and numbers that do not fit.
        { "{\"saleId\":\"SALE\",\"skuId\":1001,\"quantity\":1}", "saleId" },
        { "{\"saleId\":SALE,\"skuId\":true,\"quantity\":1}", "skuId" },
        { "{\"saleId\":SALE,\"skuId\":1001,\"quantity\":\"1\"}", "quantity" },
        { "{\"saleId\":SALE,\"skuId\":1001,\"quantity\":[1]}", "quantity" },
        { "{\"saleId\":SALE,\"skuId\":1001,\"quantity\":{}}", "quantity" },
        { "{\"saleId\":SALE,\"skuId\":1001,\"quantity\":1.5}", "quantity" },
        { "{\"saleId\":SALE,\"skuId\":1001,\"quantity\":2147483648}", "quantity" },
        { "{\"saleId\":SALE,\"skuId\":1001,\"quantity\":1e400}", "quantity" },
        { "{\"saleId\":9223372036854775808,\"skuId\":1001,\"quantity\":1}", "saleId" },
        { "{\"saleId\":SALE,\"skuId\":1001,\"quantity\":NaN}", "quantity" },
        // Right types, wrong values; members missing.
        { "{\"saleId\":SALE,\"skuId\":1001,\"quantity\":0}", "quantity" },
        { "{\"saleId\":SALE,\"skuId\":1001,\"quantity\":-1}", "quantity" },
        { "{\"saleId\":SALE,\"skuId\":1001,\"quantity\":-2147483648}", "quantity" },
        { "{\"saleId\":SALE,\"skuId\":0,\"quantity\":1}", "skuId" },
        { "{\"saleId\":-9223372036854775808,\"skuId\":1001,\"quantity\":1}", "saleId" },
        { "{\"saleId\":SALE,\"skuId\":1001,\"quantity\":null}", "quantity" },
        { "{\"saleId\":SALE,\"skuId\":1001}", "quantity" }, { "{\"skuId\":1001,\"quantity\":1}", "saleId" }, { "{}", "skuId" },
        { "{\"SaleId\":SALE,\"skuId\":1001,\"quantity\":1}", "SaleId" },
        // Members that nobody knows, or that stand twice.
        { "{\"saleId\":SALE,\"skuId\":1001,\"quantity\":1,\"price\":1}", "price" },
        { "{\"saleId\":SALE,\"skuId\":1001,\"quantity\":1,\"\":1}", "body" },
        { "{\"saleId\":SALE,\"skuId\":1001,\"quantity\":1,\"quantity\":2}", "quantity" },
        { "{\"saleId\":SALE,\"skuId\":1001,\"quantity\":1,\"\\u0071uantity\":2}", "quantity" },
        { "{\"saleId\":SALE,\"skuId\":1001,\"quantity\":1,\"\\ud800\":1}", "" },
        { "{\"saleId\":SALE,\"skuId\":1001,\"quantity\":1,\"\u00ff\u00fe\":1}", "" },
        { "{\"saleId\":SALE,\"skuId\":1001,\"quantity\":\"\\ud800\"}", "quantity" },
        { "{\"a\":[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]}", "" }, { "[[[[[[[[[[[[[[[[", "" },
    };

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task A_malformed_body_is_refused_by_field(string body, string field)
    {
        var answer = await RefusesAsync(400, "invalid-request", item => Post(item, body));
        Assert.Contains($"\"errors\":{{", answer.Body, StringComparison.Ordinal);
        Assert.Contains(field.Length == 0 ? "\"errors\"" : $"\"{field}\":[\"", answer.Body, StringComparison.Ordinal);
        Assert.DoesNotContain("System.", answer.Body, StringComparison.Ordinal);
        Assert.DoesNotContain("Seckill.", answer.Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("text/plain")]
    [InlineData("application/xml")]
    [InlineData("application/jsonx")]
    [InlineData("application/problem+json")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("application/json; charset=utf-16")]
    [InlineData("application/json; charset=latin1")]
    [InlineData("application/json, text/plain")]
    [InlineData("nonsense")]
    public async Task A_body_that_does_not_say_that_it_is_JSON_is_refused(string type) =>
        await RefusesAsync(415, "not-json", item => Post(item, Valid, type: type));

    [Theory]
    [InlineData("application/json")]
    [InlineData("Application/JSON; Charset=UTF-8")]
    [InlineData("application/json;charset=\"utf-8\"")]
    public async Task Every_spelling_of_JSON_is_accepted(string type)
    {
        var item = await TestItem.OpenEverywhereAsync();
        Assert.Equal(202, (await Post(item, Valid, type: type)).Status);
    }

    [Theory]
    [InlineData(4_097)]
    [InlineData(5_000_000)]
    public async Task A_large_body_is_refused_whether_it_says_its_length_or_not(int bytes)
    {
        var body = Encoding.ASCII.GetBytes("{\"saleId\":1," + new string(' ', bytes - 12));
        await RefusesAsync(413, "too-large", _ => RawHttp.SendAsync(storefront.Address, [.. Head(), $"Content-Length: {bytes}"], body));
        await RefusesAsync(413, "too-large", _ => RawHttp.SendAsync(
            storefront.Address,
            [.. Head(), "Transfer-Encoding: chunked"],
            [Encoding.ASCII.GetBytes($"{bytes:x}\r\n"), body, "\r\n0\r\n\r\n"u8.ToArray()]));
    }

    [Fact]
    public async Task A_body_of_4096_bytes_is_read()
    {
        var item = await TestItem.OpenEverywhereAsync();
        var padding = new string(' ', 4_096 - Fill(item, Valid).Length);
        Assert.Equal(202, (await Post(item, Valid.Replace("{", "{" + padding, StringComparison.Ordinal))).Status);
    }

    [Theory]
    [InlineData("/orders")]
    [InlineData("/payments")]
    public async Task A_chunk_size_that_fits_no_integer_is_refused(string path) =>
        (await RawHttp.SendAsync(
            storefront.Address,
            [$"POST {path} HTTP/1.1", .. Head().Skip(1), "Transfer-Encoding: chunked"], "ffffffffffffffffff\r\n"u8.ToArray()))
            .AssertProblem(400, "invalid-request");

    [Theory]
    [InlineData("/orders")]
    [InlineData("/payments")]
    public async Task Trailers_that_are_too_large_are_refused_with_a_documented_code(string path) =>
        (await RawHttp.SendAsync(
            storefront.Address,
            [$"POST {path} HTTP/1.1", .. Head().Skip(1), "Transfer-Encoding: chunked"],
            Encoding.ASCII.GetBytes($"2\r\n{{}}\r\n0\r\nX: {new string('t', 40_000)}\r\n\r\n")))
            .AssertProblem(413, "too-large");

    [Fact]
    public async Task A_body_that_stops_arriving_is_refused_with_a_documented_code() =>
        (await RawHttp.SendAsync(storefront.Address, [.. Head(), "Content-Length: 1000"], "{"u8.ToArray()))
            .AssertProblem(408, "request-timeout");

    [Fact]
    public async Task A_malformed_chunk_is_refused() =>
        await RefusesAsync(400, "invalid-request", _ => RawHttp.SendAsync(
            storefront.Address, [.. Head(), "Transfer-Encoding: chunked"], "zz\r\nnonsense"u8.ToArray()));

    // Without a bearer token there is nothing to explain (RFC 6750, section 3.1).
    [Theory]
    [InlineData("", null)]
    [InlineData("Authorization: ", null)]
    [InlineData("Authorization: Bearer", null)]
    [InlineData("Authorization: Bearer ", null)]
    [InlineData("Authorization: Basic TOKEN", null)]
    [InlineData("Authorization: TOKEN", null)]
    [InlineData("Cookie: token=TOKEN", null)]
    [InlineData("Authorization: Bearer  TOKEN", "The token is malformed.")]
    [InlineData("Authorization: Bearer TOKEN TOKEN", "The token is malformed.")]
    [InlineData("Authorization: Bearer TOKEN, Bearer TOKEN", "The token is malformed.")]
    [InlineData("Authorization: Bearer TOKEN\r\nAuthorization: Bearer TOKEN", "The token is malformed.")]
    [InlineData("Authorization: Bearer a.b.c", "The token is malformed.")]
    [InlineData("Authorization: Bearer " + DevelopmentKeys.Ops, "The token is malformed.")]
    [InlineData("Authorization: Bearer TOKENx", "The signature is wrong.")]
    [InlineData("Authorization: Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiI3IiwiZXhwIjo5OTk5OTk5OTk5fQ.", "The algorithm must be HS256.")]
    public async Task A_stranger_is_refused(string header, string? fault)
    {
        var headers = header.Length == 0 ? [] : header.Replace("TOKEN", _token, StringComparison.Ordinal).Split("\r\n");
        var answer = await RefusesAsync(401, "unauthenticated", item => Post(item, Valid, authorization: headers));
        Assert.Equal(
            fault is null ? "Bearer" : $"Bearer error=\"invalid_token\", error_description=\"{fault}\"",
            answer.Headers["WWW-Authenticate"]);
    }

    [Theory]
    [InlineData("Idempotency-Key: ")]
    [InlineData("Idempotency-Key: two words")]
    [InlineData("Idempotency-Key: tab\there")]
    [InlineData("Idempotency-Key: 0123456789012345678901234567890123456789012345678901234567890123x")]
    [InlineData("Idempotency-Key: a\r\nIdempotency-Key: a")]
    [InlineData("Idempotency-Key: a\r\nidempotency-key: b")]
    public async Task A_key_that_is_no_key_is_refused(string header)
    {
        var answer = await RefusesAsync(400, "invalid-request", item => Post(item, Valid, more: header.Split("\r\n")));
        Assert.Contains("\"Idempotency-Key\":[\"", answer.Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Authorization: Bearer \u00e9\u00ff")]
    [InlineData("Idempotency-Key: caf\u00e9")]
    [InlineData("Content-Length: 5\r\nContent-Length: 6")]
    [InlineData("Content-Length: -1")]
    [InlineData("no colon")]
    public async Task What_is_no_HTTP_is_refused_by_the_server_itself(string header)
    {
        var item = await TestItem.OpenAsync();
        var before = await item.DumpAsync();
        Assert.Equal(400, (await RawHttp.SendAsync(storefront.Address, [.. Head(), .. header.Split("\r\n")], "{}"u8.ToArray())).Status);
        Assert.Equal(before, await item.DumpAsync());
    }

    [Fact]
    public async Task A_key_may_have_any_64_visible_characters()
    {
        var item = await TestItem.OpenEverywhereAsync();
        var key = string.Concat(Enumerable.Range('!', 64).Select(character => (char)character));
        var first = await Post(item, Valid, more: ["Idempotency-Key: " + key]);
        Assert.Equal(202, first.Status);
        Assert.Equal(first.Body, (await Post(item, Valid, more: ["Idempotency-Key: " + key])).Body);
    }

    [Theory]
    [InlineData("PUT /orders", 405, "method-not-allowed")]
    [InlineData("DELETE /orders/00000000000000000000000000000000", 405, "method-not-allowed")]
    [InlineData("BREW /orders", 405, "method-not-allowed")]
    [InlineData("GET /", 404, "not-found")]
    [InlineData("GET /orders/00000000000000000000000000000000/", 404, "unknown-order")]
    [InlineData("GET /orders/x", 404, "unknown-order")]
    [InlineData("GET /orders/%27%3B%20drop%20table%20orders", 404, "unknown-order")]
    [InlineData("GET /orders/..%2f..%2fhealth", 404, "unknown-order")]
    [InlineData("GET /orders/a/b/c", 404, "not-found")]
    [InlineData("GET /sales/0", 404, "unknown-sale")]
    [InlineData("GET /sales/-1", 404, "unknown-sale")]
    [InlineData("GET /sales/1.5", 404, "not-found")]
    [InlineData("GET /sales/9223372036854775808", 404, "not-found")]
    [InlineData("GET /../../etc/passwd", 404, "not-found")]
    public async Task A_path_that_leads_nowhere_says_so(string request, int status, string code) =>
        (await RawHttp.SendAsync(storefront.Address, [request + " HTTP/1.1", "Authorization: Bearer " + _token, "Content-Length: 0"]))
            .AssertProblem(status, code);

    private const string Valid = "{\"saleId\":SALE,\"skuId\":1001,\"quantity\":1}";

    private static string Fill(TestItem item, string body) =>
        body.Replace("SALE", item.Key.SaleId.ToString(provider: null), StringComparison.Ordinal);

    private string[] Head() => ["POST /orders HTTP/1.1", "Authorization: Bearer " + _token, "Content-Type: application/json"];

    private Task<RawAnswer> Post(
        TestItem item, string body, string type = "application/json", string[]? authorization = null, string[]? more = null)
    {
        // Latin-1, so that a test can send bytes that are no UTF-8; the mark of a file in UTF-8 is sent as such.
        var text = Fill(item, body);
        var bytes = text.StartsWith('\ufeff') ? Encoding.UTF8.GetBytes(text) : Encoding.Latin1.GetBytes(text);
        string[] head =
        [
            "POST /orders HTTP/1.1", .. authorization ?? ["Authorization: Bearer " + _token],
            .. type.Length > 0 ? new[] { "Content-Type: " + type } : [], .. more ?? [], $"Content-Length: {bytes.Length}",
        ];
        return RawHttp.SendAsync(storefront.Address, head, bytes);
    }

    private static async Task<RawAnswer> RefusesAsync(int status, string code, Func<TestItem, Task<RawAnswer>> send)
    {
        var item = await TestItem.OpenAsync();
        var before = await item.DumpAsync();
        var answer = await send(item);
        answer.AssertProblem(status, code);
        Assert.Equal(before, await item.DumpAsync());
        return answer;
    }
}
