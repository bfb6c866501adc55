using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Seckill.Fuzz;
using Seckill.Fuzz.Contract;
using Seckill.Fuzz.Wire;

namespace Seckill.System.Tests.Fuzz;

/// <summary>
/// A small server answers wrongly, in each way that a rule of the fuzzer is there for. A rule that does not fire is no rule.
/// </summary>
public sealed class AnswerRuleTests
{
    internal const string Document =
        """
        {
          "paths": {"/things": {"post": {
            "requestBody": {"required": true, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}},
            "responses": {
              "201": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}},
              "204": {},
              "401": {"content": {"application/problem+json": {"schema": {"properties": {"code": {"enum": ["stranger"]}}}}}},
              "409": {"content": {"application/problem+json": {"schema": {"allOf": [
                {"$ref": "#/components/schemas/Problem"}, {"properties": {"code": {"enum": ["taken"]}}}]}}}},
              "503": {"content": {"application/problem+json": {"schema": {"properties": {"code": {"enum": ["unavailable"]}}}}}}}}}},
          "components": {"schemas": {
            "Thing": {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}, "additionalProperties": false},
            "Problem": {"type": "object", "additionalProperties": false, "properties": {
              "type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"}, "code": {"type": "string"}}}}}
        }
        """;

    public static TheoryData<string, string> Answers => new()
    {
        { "", Json(201, """{"id":1}""") },
        { "", "HTTP/1.1 204 No Content\r\n\r\n" },
        { "", Problem(409, "taken") },
        { "", Problem(503, "unavailable", "Retry-After: 1") },
        { "", "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{\"id\":1}\r\n0\r\n\r\n" },
        { "server-error", Problem(500, "internal-error") },
        { "server-error", "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n" },
        { "undocumented-refusal", Problem(418, "teapot") },
        { "undocumented-refusal", Problem(409, "sold") },
        { "undocumented-refusal", Problem(409, "taken", more: ",\"secret\":1") },
        { "undocumented-answer", Json(200, """{"id":1}""") },
        { "undocumented-answer", Json(201, """{"id":"one"}""") },
        { "undocumented-answer", Json(201, "{}") },
        { "undocumented-answer", Json(201, """{"id":1,"id":2}""") },
        { "undocumented-answer", Json(201, """{"id":1}""").Replace("/json", "/xml", StringComparison.Ordinal) },
        { "undocumented-answer", Json(202, """{"id":1}""") },
        { "no-problem", Json(409, """{"code":"taken"}""") },
        { "no-problem", "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" },
        { "no-problem", "HTTP/1.1 409 Conflict\r\nContent-Type: application/problem+json\r\n\r\nno JSON" },
        { "odd-problem", Problem(409, "taken").Replace("urn:", "nur:", StringComparison.Ordinal) },
        { "odd-problem", Problem(409, "taken").Replace("\"status\":409", "\"status\":408", StringComparison.Ordinal) },
        { "missing-header", Problem(401, "stranger") },
        { "missing-header", Problem(503, "unavailable") },
        { "broken-answer", "hello\r\n" },
        { "broken-answer", "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"id\":1}" },
        { "no-answer", "" },
    };

    [Theory]
    [MemberData(nameof(Answers))]
    public async Task Each_rule_fires_for_the_answer_that_breaks_it_and_for_no_other(string rule, string answer) =>
        Assert.Equal(rule, string.Join(' ', await AskAsync(answer, _ => { })));

    [Fact]
    public async Task A_request_that_must_be_refused_and_is_accepted_is_found() =>
        Assert.Equal(["accepted"], await AskAsync(Json(201, """{"id":1}"""), request => request.MustBeRefused = true));

    // The server takes the dots out of a path, and answers with the page of the dashboard.
    [Theory]
    [InlineData("/", "")]
    [InlineData("/things/..", "")]
    [InlineData("/things/%2e%2e?x", "")]
    [InlineData("//", "")]
    [InlineData("/things/../dashboard/page.js", "")]
    [InlineData("/things/.", "undocumented-answer")]
    [InlineData("/things/one", "undocumented-answer")]
    public async Task A_page_without_a_description_is_no_answer_of_an_operation(string target, string rule) =>
        Assert.Equal(rule, string.Join(' ', await AskAsync(
            Json(200, "<!doctype html>").Replace("application/json", "text/html", StringComparison.Ordinal),
            request => (request.Operation, request.Target, request.Method) = (null, target, "GET"))));

    [Fact]
    public async Task What_is_no_HTTP_may_be_refused_without_a_body_or_without_an_answer()
    {
        const string Bare = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        Assert.Empty(await AskAsync(Bare, request => request.IsHttp = false));
        Assert.Empty(await AskAsync("", request => request.IsHttp = false));
    }

    [Fact]
    public async Task A_connection_that_stays_open_is_found() => Assert.Equal(["hangs"], await AskAsync(null, _ => { }));

    [Fact]
    public async Task A_service_that_is_gone_is_found()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        Assert.Equal(["no-connection"], await CheckAsync(port, _ => { }));
    }

    private static string Json(int status, string body) =>
        $"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}";

    private static string Problem(int status, string code, string header = "X-None: x", string more = "")
    {
        var body = $$"""{"type":"urn:seckill:problem:{{code}}","title":"No.","status":{{status}},"code":"{{code}}"{{more}}}""";
        return $"HTTP/1.1 {status} X\r\nContent-Type: application/problem+json\r\n{header}\r\nContent-Length: {body.Length}\r\n\r\n{body}";
    }

    // Null is no answer, and no end.
    private static async Task<string[]> AskAsync(string? answer, Action<RawRequest> change)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var checking = CheckAsync(((IPEndPoint)listener.LocalEndpoint).Port, change);
        using var accepted = await listener.AcceptTcpClientAsync().InTime();
        if (answer is not null)
        {
            var buffer = new byte[4_096];
            _ = await accepted.GetStream().ReadAsync(buffer).AsTask().InTime();
            await accepted.GetStream().WriteAsync(Encoding.ASCII.GetBytes(answer)).AsTask().InTime();
            accepted.Close();
        }

        return await checking.InTime();
    }

    private static async Task<string[]> CheckAsync(int port, Action<RawRequest> change)
    {
        var service = new Service("things", new Uri($"http://127.0.0.1:{port}"), JsonDocument.Parse(Document).RootElement);
        var request = new RawRequest
        {
            Service = service, Operation = service.Find("POST", "/things"), Method = "POST", Target = "/things",
            Body = """{"id":1}"""u8.ToArray(),
        };
        change(request);
        var exchange = await Connection.SendAsync(service.Address, request, TimeSpan.FromSeconds(2));
        return [.. AnswerRules.Check(request, exchange).Select(found => found.Rule)];
    }
}
