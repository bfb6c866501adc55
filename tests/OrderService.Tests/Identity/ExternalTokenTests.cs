using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.Tokens;
using Seckill.OrderService.Identity;
using Seckill.Shared.Security;

namespace Seckill.OrderService.Tests.Identity;

/// <summary>
/// Promise: a token of the identity provider names its buyer when its key is one of the provider's now, and it was made for this service; a
/// provider that is down stops no buyer who has a token. Broken by a rule that is not checked, a key that is kept too long, or a stranger
/// who makes the process read keys again and again.
/// </summary>
public sealed class ExternalTokenTests : IAsyncLifetime
{
    private static readonly byte[] s_secretInTheSet = [.. Enumerable.Repeat((byte)7, 32)];
    private readonly IdentityProvider _provider = new()
    {
        OddKey = $$"""{"kty":"oct","kid":"o1","k":"{{Base64UrlEncoder.Encode(s_secretInTheSet)}}"}""",
    };

    private StorefrontHost _host = null!;
    private SecurityKey _rsa = null!;
    private SecurityKey _ec = null!;

    private RSA Rsa => ((RsaSecurityKey)_rsa).Rsa;

    public async ValueTask InitializeAsync()
    {
        (_rsa, _ec) = (_provider.AddRsa("r1"), _provider.AddEc("e1"));
        _host = await StartAsync(_provider, ("Auth:UnknownKeyCooldownSeconds", "1"), ("Auth:ExchangedTokenMinutes", "5"));
        await Eventually.IsTrueAsync(
            "the keys are read", async () => (await AskAsync(_provider.Sign(_rsa))).Status == HttpStatusCode.NotFound);
    }

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        _provider.Dispose();
    }

    [Fact]
    public async Task RS256_ES256_and_HS256_tokens_order()
    {
        var item = await TestItem.OpenEverywhereAsync();
        foreach (var (token, user) in new[]
        {
            (_provider.Sign(_rsa, user: "101"), 101L), (_provider.Sign(_ec, user: "102"), 102L), (_host.Token(103), 103L),
            (_provider.Sign(_rsa, it => it.TokenType = "at+jwt", user: "104"), 104L),
        })
        {
            using var client = _host.CreateClient();
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
            using var body = new StringContent(
                $$"""{"saleId":{{item.Key.SaleId}},"skuId":{{item.Key.SkuId}},"quantity":1}""", Encoding.UTF8, "application/json");
            using var order = await client.PostAsync(new Uri("/orders", UriKind.Relative), body).InTime();
            Assert.Equal(HttpStatusCode.Accepted, order.StatusCode);
            using var owner = _host.ClientOf(user);
            using var found = await owner.GetAsync(order.Headers.Location).InTime();
            Assert.Equal(HttpStatusCode.OK, found.StatusCode);
        }
    }

    [Fact]
    public async Task A_token_that_is_wrong_in_one_thing_is_refused_and_the_answer_says_in_which()
    {
        using var stranger = new IdentityProvider();
        var now = TimeProvider.System.GetUtcNow().UtcDateTime;
        var (public1, public2) = (Rsa.ExportSubjectPublicKeyInfo(), Encoding.ASCII.GetBytes(Rsa.ExportSubjectPublicKeyInfoPem()));
        (string Token, string Says)[] wrong =
        [
            (_provider.Sign(stranger.AddRsa("r1")), "The signature is wrong."),
            (_provider.Sign(stranger.AddRsa("r9")), "no such key"),
            (_provider.Sign(_rsa)[..^4] + "AAAA", "The signature is wrong."),
            (_provider.Sign(_rsa, it => it.Issuer = "https://evil.example"), "The claim iss"),
            (_provider.Sign(_rsa, it => it.Audience = "another"), "The claim aud"),
            (_provider.Sign(_rsa, it => it.TokenType = "logout+jwt"), "The type"),
            (_provider.Sign(_rsa, it => it.Expires = now.AddSeconds(-1)), "The token has expired."),
            (_provider.Sign(_rsa, it => it.Expires = null), "The claim exp is missing"),
            (_provider.Sign(_rsa, it => it.Expires = now.AddDays(2)), "too far ahead"),
            (_provider.Sign(_rsa, it => it.NotBefore = now.AddMinutes(5)), "not valid yet"),
            (_provider.Sign(_rsa, user: "alice"), "not a positive 64-bit integer"),
            (_provider.Sign(_rsa, it => it.SigningCredentials = new(_rsa, SecurityAlgorithms.RsaSha512)), "The algorithm"),
            (_provider.Sign(_rsa, it => it.AdditionalHeaderClaims = new Dictionary<string, object> { ["crit"] = "b64" }),
                "critical extension"),
            (_provider.Sign(new RsaSecurityKey(((RsaSecurityKey)_rsa).Rsa) { KeyId = "e1" }), "The signature is wrong."),
            // The public key of the provider as the secret of HS256: the oldest trick.
            (_provider.Forge("HS256", text => HMACSHA256.HashData(public1, text)), "The signature is wrong."),
            (_provider.Forge("HS256", text => HMACSHA256.HashData(public2, text)), "The signature is wrong."),
            (_provider.Forge("HS256", text => HMACSHA256.HashData(s_secretInTheSet, text)), "The signature is wrong."),
            (_provider.Forge("none", _ => []), "The algorithm"),
            (_provider.Forge("RS256", _ => []), "The signature is wrong."),
        ];
        var surprises = new List<string>();
        foreach (var (token, says) in wrong)
        {
            var (status, challenge) = await AskAsync(token);
            if (status != HttpStatusCode.Unauthorized || !challenge.Contains(says, StringComparison.Ordinal))
            {
                surprises.Add($"{says}: {status} {challenge}");
            }
        }

        Assert.True(surprises.Count == 0, string.Join('\n', surprises));
    }

    [Fact]
    public async Task Keys_come_and_go_without_a_restart_and_the_last_ones_stay_while_the_provider_is_down()
    {
        var known = _provider.Sign(_rsa);
        Assert.Equal(HttpStatusCode.NotFound, (await AskAsync(known)).Status);
        _provider.IsDown = true;
        var early = _provider.Sign(_provider.AddEc("e2"));
        Assert.Equal(HttpStatusCode.Unauthorized, (await AskAsync(early)).Status);
        var asked = _provider.Discoveries;
        await Eventually.IsTrueAsync("it asks the provider again", () => Task.FromResult(_provider.Discoveries > asked + 1));
        Assert.Equal(HttpStatusCode.NotFound, (await AskAsync(known)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await AskAsync(_provider.Sign(_ec))).Status);
        _provider.IsDown = false;
        _provider.Remove(_rsa);
        await Eventually.IsTrueAsync("the new key is known", async () => (await AskAsync(early)).Status == HttpStatusCode.NotFound);
        // Also one that was verified before: it is remembered for these keys alone.
        Assert.Equal(HttpStatusCode.Unauthorized, (await AskAsync(known)).Status);
    }

    [Fact]
    public async Task A_stranger_cannot_have_the_keys_read_as_often_as_it_likes()
    {
        await using var host = await StartAsync(_provider, ("Auth:UnknownKeyCooldownSeconds", "3600"));
        using var stranger = new IdentityProvider();
        var unknown = _provider.Sign(stranger.AddRsa("r9"));
        await Eventually.IsTrueAsync(
            "the keys are read", async () => (await AskAsync(_provider.Sign(_rsa), host)).Status == HttpStatusCode.NotFound);
        // The other host has read all that it wants, too.
        var asked = _provider.Discoveries;
        // The wish is looked at five times a second.
        for (var begin = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(begin) < TimeSpan.FromSeconds(2);)
        {
            Assert.Equal(HttpStatusCode.Unauthorized, (await AskAsync(unknown, host)).Status);
        }

        Assert.Equal(asked, _provider.Discoveries);
    }

    // Broken by a signature that is computed again for each click, or by strangers whose tokens take all processors.
    [Fact]
    public async Task When_too_many_signatures_wait_only_tokens_that_are_not_known_yet_are_turned_away()
    {
        var known = _provider.Sign(_rsa);
        Assert.Equal(HttpStatusCode.NotFound, (await AskAsync(known)).Status);
        var verifying = _host.Services.GetRequiredService<ExternalTokens>().Verifying;
        using var running = await verifying.AcquireAsync(ExternalTokens.MostAtOnce);
        var waits = AskAsync(_provider.Sign(_rsa, user: "7"));
        await Eventually.IsTrueAsync("it waits", () => Task.FromResult(verifying.GetStatistics()!.CurrentQueuedCount == 1));
        var others = Enumerable.Range(1, ExternalTokens.MostWaiting - 1).Select(_ => verifying.AcquireAsync(1).AsTask()).ToList();
        var (status, _) = await AskAsync(_provider.Sign(_rsa, user: "8"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
        Assert.Equal(HttpStatusCode.NotFound, (await AskAsync(known)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await AskAsync(_host.Token(9))).Status);
        Assert.False(waits.IsCompleted);
        running.Dispose();
        Assert.Equal(HttpStatusCode.NotFound, (await waits).Status);
        foreach (var other in others)
        {
            (await other).Dispose();
        }

        Assert.Equal(HttpStatusCode.NotFound, (await AskAsync(_provider.Sign(_rsa, user: "8"))).Status);
    }

    [Fact]
    public async Task A_token_may_be_as_long_as_the_headers_of_a_request()
    {
        var groups = new string('g', 16_000);
        Assert.Equal(HttpStatusCode.NotFound, (await AskAsync(_provider.Sign(_ec, it => it.Claims["groups"] = groups))).Status);
        var (tooLong, _) = await AskAsync(_provider.Sign(_ec, it => it.Claims["groups"] = groups + groups));
        Assert.Equal(HttpStatusCode.RequestHeaderFieldsTooLarge, tooLong);
    }

    // Broken by keys of another issuer that answers at the same address.
    [Fact]
    public async Task The_keys_of_an_issuer_with_another_name_are_not_used()
    {
        using var other = new IdentityProvider { SaysIssuer = "https://evil.example" };
        var key = other.AddRsa("r1");
        await using var host = await StartAsync(other);
        await Eventually.IsTrueAsync("discovery was read", () => Task.FromResult(other.Discoveries > 1));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await AskAsync(other.Sign(key), host)).Status);
        Assert.Equal(0, other.Readings);
    }

    [Fact]
    public async Task A_token_is_exchanged_for_one_of_this_service_that_does_not_live_longer()
    {
        var expires = TimeProvider.System.GetUtcNow().AddMinutes(2);
        var (status, body) = await ExchangeAsync(_provider.Sign(_rsa, it => it.Expires = expires.UtcDateTime, user: "77"));
        Assert.Equal(HttpStatusCode.OK, status);
        var own = new BuyerToken(DevelopmentKeys.BuyerToken, TimeProvider.System);
        Assert.True(own.TryVerify(body.GetProperty("token").GetString(), out var user));
        Assert.Equal(77, user);
        Assert.InRange(body.GetProperty("expiresAt").GetDateTimeOffset(), expires.AddSeconds(-2), expires);
        var (_, longer) = await ExchangeAsync(_provider.Sign(_ec, it => it.Expires = expires.AddHours(1).UtcDateTime));
        Assert.InRange(longer.GetProperty("expiresAt").GetDateTimeOffset(), expires.AddMinutes(2), expires.AddMinutes(4));
        // And what is exchanged again ends when the first one ends.
        var (_, again) = await ExchangeAsync(body.GetProperty("token").GetString()!);
        Assert.InRange(again.GetProperty("expiresAt").GetDateTimeOffset(), expires.AddSeconds(-3), expires);
        Assert.Equal(HttpStatusCode.Unauthorized, (await ExchangeAsync("x")).Status);
        // What the issuer says of the buyer stays: without it, a household would register as often as it likes.
        var (_, ofGroup) = await ExchangeAsync(_provider.Sign(_rsa, it => (it.Claims["grp"], it.Claims["wrk"]) = ("household-7", 9)));
        Assert.Equal(new BuyerClaims("household-7", 9), BuyerClaims.Of("Bearer " + ofGroup.GetProperty("token").GetString()));
    }

    [Fact]
    public async Task A_provider_that_was_never_reached_stops_its_own_tokens_alone()
    {
        using var down = new IdentityProvider { IsDown = true };
        await using var host = await StartAsync(down);
        var key = down.AddRsa("r1");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await AskAsync(down.Sign(key), host)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await AskAsync(host.Token(7), host)).Status);
        down.IsDown = false;
        await Eventually.IsTrueAsync(
            "the keys are read", async () => (await AskAsync(down.Sign(key), host)).Status == HttpStatusCode.NotFound);
    }

    private static async Task<StorefrontHost> StartAsync(IdentityProvider provider, params (string Name, string Value)[] settings)
    {
        var all = new Dictionary<string, string>
        {
            ["role"] = "api", ["Auth:Authority"] = provider.Issuer, ["Auth:Audience"] = "seckill",
        };
        foreach (var (name, value) in settings)
        {
            all[name] = value;
        }

        var host = new StorefrontHost(all);
        await host.InitializeAsync();
        return host;
    }

    // No buyer has this order: 404 for whom the token names.
    private async Task<(HttpStatusCode Status, string Challenge)> AskAsync(string token, StorefrontHost? host = null)
    {
        using var client = (host ?? _host).CreateClient();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var answer = await client.GetAsync(new Uri("/orders/" + new string('0', 32), UriKind.Relative)).InTime();
        return (answer.StatusCode, answer.Headers.WwwAuthenticate.ToString());
    }

    private async Task<(HttpStatusCode Status, JsonElement Body)> ExchangeAsync(string token)
    {
        using var client = _host.CreateClient();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var answer = await client.PostAsync(new Uri("/tokens", UriKind.Relative), null).InTime();
        return (answer.StatusCode, JsonSerializer.Deserialize<JsonElement>(await answer.Content.ReadAsStringAsync()));
    }
}
