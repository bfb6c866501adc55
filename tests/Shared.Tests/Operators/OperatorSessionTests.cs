using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Seckill.Shared.Operators;

namespace Seckill.Shared.Tests.Operators;

/// <summary>
/// Promise: a session is that of one operator, at every instance, until its time or its key ends. Broken by a cookie that can be made or
/// changed without the secret, or that a script or another site can use.
/// </summary>
public sealed class OperatorSessionTests
{
    private const string Secret = "0123456789-0123456789-0123456789";
    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 11, 27, 9, 0, 0, TimeSpan.Zero));

    [Fact]
    public void A_session_is_accepted_by_every_instance_until_its_time_is_over()
    {
        var cookie = Begin(New());
        Assert.Equal("ada", Find(New(), cookie)?.Name);
        _clock.Advance(TimeSpan.FromMinutes(59));
        Assert.Equal("ada", Find(New(), cookie)?.Name);
        _clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Null(Find(New(), cookie));
    }

    [Fact]
    public void It_ends_with_the_key_of_its_operator_and_with_the_secret_of_the_installation()
    {
        var cookie = Begin(New());
        Assert.Null(Find(New(key: "another"), cookie));
        Assert.Null(Find(New(secret: Secret + "!"), cookie));
    }

    [Fact]
    public void A_cookie_with_any_bit_changed_is_no_session()
    {
        var sessions = New();
        var cookie = Begin(sessions);
        for (var i = 0; i < cookie.Length; i++)
        {
            var changed = cookie[..i] + (cookie[i] == 'A' ? 'B' : 'A') + cookie[(i + 1)..];
            // The last character has bits that encode nothing.
            Assert.True(i == cookie.Length - 1 || Find(sessions, changed) is null, changed);
        }

        string[] others = ["", "x", cookie[..^1], cookie + "A", new string('A', cookie.Length)];
        Assert.All(others, wrong => Assert.Null(Find(sessions, wrong)));
    }

    [Fact]
    public void No_script_and_no_other_site_can_use_it()
    {
        var http = new DefaultHttpContext();
        New().Begin(http.Response, Ada().Find("key")!);
        var header = http.Response.Headers.SetCookie.ToString().ToLowerInvariant();
        string[] rules = ["httponly", "secure", "samesite=strict", "path=/", "max-age=3600"];
        Assert.All(rules, rule => Assert.Contains(rule, header, StringComparison.Ordinal));
    }

    private OperatorList Ada(string key = "key") => new(
        new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Auth:Operators:0:Name"] = "ada", ["Auth:Operators:0:Role"] = "admin",
            ["Auth:Operators:0:KeySha256"] = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(key))),
        }).Build(), Environment(), _clock);

    private OperatorSessions New(string secret = Secret, string key = "key") => new(
        secret, Ada(key), Environment(), Options.Create(new OperatorAccessOptions { SessionMinutes = 60 }), _clock);

    private string Begin(OperatorSessions sessions)
    {
        var http = new DefaultHttpContext();
        sessions.Begin(http.Response, Ada().Find("key")!);
        return http.Response.Headers.SetCookie.ToString().Split('=', ';')[1];
    }

    private static OperatorIdentity? Find(OperatorSessions sessions, string cookie)
    {
        var http = new DefaultHttpContext();
        http.Request.Headers.Cookie = $"{OperatorSessions.CookieName}={cookie}";
        return sessions.Find(http.Request);
    }

    private static HostingEnvironment Environment() => new() { EnvironmentName = Environments.Production };
}
