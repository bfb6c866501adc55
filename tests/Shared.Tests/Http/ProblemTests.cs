using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Seckill.Shared.Http;

namespace Seckill.Shared.Tests.Http;

/// <summary>Clients decide by <c>code</c> and Retry-After; a refusal must look the same wherever it comes from.</summary>
public sealed class ProblemTests
{
    [Fact]
    public async Task A_refusal_is_a_problem_with_a_code()
    {
        var (response, body) = await WriteAsync(new Problem(409, "sold-out", "It's gone."));
        Assert.Equal(409, response.StatusCode);
        Assert.Equal("application/problem+json", response.ContentType);
        Assert.Equal("""{"type":"urn:seckill:problem:sold-out","title":"It's gone.","status":409,"code":"sold-out"}""", body);
        Assert.Equal(body.Length, response.ContentLength);
        Assert.False(response.Headers.ContainsKey("Retry-After"));
        Assert.False(response.Headers.ContainsKey("WWW-Authenticate"));
    }

    [Fact]
    public async Task It_says_when_to_try_again() =>
        Assert.Equal("7", (await WriteAsync(new Problem(503, "unavailable", "Not now.", 7))).Response.Headers.RetryAfter);

    // Broken by a wait that is drawn once: everybody who was refused comes back at once.
    [Fact]
    public async Task It_may_say_another_time_to_each()
    {
        var problem = new Problem(503, "busy", "Not now.", 2) { RetryAfterSpreadSeconds = 3 };
        var times = new SortedSet<string>();
        for (var i = 0; i < 400; i++)
        {
            times.Add((await WriteAsync(problem)).Response.Headers.RetryAfter.ToString());
        }

        Assert.Equal(["2", "3", "4", "5"], times);
    }

    [Fact]
    public async Task It_names_the_scheme_to_a_stranger() =>
        Assert.Equal("Bearer", (await WriteAsync(new Problem(401, "unauthenticated", "Who?"))).Response.Headers.WWWAuthenticate);

    [Fact]
    public async Task It_may_say_what_is_wrong_with_a_token()
    {
        var refusal = new Problem(401, "unauthenticated", "Who?") { Challenge = "Bearer error=\"invalid_token\"" };
        Assert.Equal("Bearer error=\"invalid_token\"", (await WriteAsync(refusal)).Response.Headers.WWWAuthenticate);
    }

    [Fact]
    public async Task It_may_have_further_members()
    {
        var (_, body) = await WriteAsync(new Problem(409, "limit-reached", "Enough.", writeDetails: json => json.WriteNumber("limit", 2)));
        Assert.Equal(2, JsonDocument.Parse(body).RootElement.GetProperty("limit").GetInt32());
    }

    [Fact]
    public async Task Every_field_that_is_wrong_is_named()
    {
        var (_, body) = await WriteAsync(Problem.Invalid(new Dictionary<string, string> { ["a"] = "bad", ["b\"\ud800"] = "worse" }));
        var errors = JsonDocument.Parse(body).RootElement.GetProperty("errors");
        Assert.Equal("bad", errors.GetProperty("a")[0].GetString());
        Assert.Equal("worse", errors.EnumerateObject().Last().Value[0].GetString());
    }

    [Fact]
    public async Task A_HEAD_request_gets_no_body() =>
        Assert.Equal("", (await WriteAsync(new Problem(404, "not-found", "No."), "HEAD")).Body);

    [Fact]
    public async Task One_refusal_can_be_given_to_many_at_once()
    {
        var problem = new Problem(409, "sold-out", "Gone.");
        var bodies = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => Task.Run(async () => (await WriteAsync(problem)).Body)));
        Assert.Single(bodies.Distinct());
    }

    private static async Task<(HttpResponse Response, string Body)> WriteAsync(Problem problem, string method = "GET")
    {
        using var body = new MemoryStream();
        var context = new DefaultHttpContext { Request = { Method = method }, Response = { Body = body } };
        await problem.ExecuteAsync(context);
        return (context.Response, System.Text.Encoding.UTF8.GetString(body.ToArray()));
    }
}
