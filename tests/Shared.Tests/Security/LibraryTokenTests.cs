using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Seckill.Shared.Security;

namespace Seckill.Shared.Tests.Security;

/// <summary>
/// Promise: the token check of this project, which stays for its speed, accepts nothing that Microsoft.IdentityModel refuses, and refuses
/// only what it says besides. Ten thousand generated tokens, good and bad in every part, are shown to both.
/// </summary>
public sealed class LibraryTokenTests
{
    private const int Tokens = 10_000;
    private const string Key = "a-signing-key-of-at-least-32-bytes";
    private const int NotBeforeSkew = 60;
    private static readonly JsonWebTokenHandler s_library = new();
    private readonly FakeTimeProvider _clock = new(DateTimeOffset.FromUnixTimeSeconds(1_800_000_000));

    // A choice whose name begins with an exclamation mark is refused here, and may be accepted by the library.
    private static readonly (string Name, string Header)[] s_headers =
    [
        ("usual", """{"alg":"HS256","typ":"JWT"}"""), ("with a key id", """{"typ":"JWT","kid":"k1","alg":"HS256"}"""),
        ("with blanks", """{ "alg" : "HS256" }"""), ("none", """{"alg":"none"}"""), ("HS384", """{"alg":"HS384"}"""),
        ("RS256", """{"alg":"RS256"}"""), ("small", """{"alg":"hs256"}"""), ("no algorithm", """{"typ":"JWT"}"""),
        ("no JSON", "HS256"), ("!critical", """{"alg":"HS256","crit":["exp"]}"""),
    ];

    private static readonly (string Name, string? Claim)[] s_subjects =
    [
        ("usual", "\"42\""), ("longest", "\"9223372036854775807\""), ("!number", "42"),
        ("!zero", "\"0\""), ("!negative", "\"-1\""), ("!text", "\"alice\""), ("!blank", "\" 42\""),
        ("!too long", "\"9223372036854775808\""), ("!missing", null), ("!escaped", "\"\\u0034\""), ("!null", "null"),
    ];

    private static readonly (string Name, Func<long, string?> Claim)[] s_expiries =
    [
        ("usual", now => $"{now + 3600}"), ("soon", now => $"{now + 1}"),
        ("now", now => $"{now}"), ("past", now => $"{now - 1}"), ("long past", now => $"{now - 100_000}"), ("missing", _ => null),
        ("!text", now => $"\"{now + 3600}\""), ("null", _ => "null"), ("zero", _ => "0"),
    ];

    private static readonly (string Name, Func<long, string?> Claim)[] s_starts =
    [
        ("none", _ => null), ("past", now => $"{now - 10}"), ("within the skew", now => $"{now + NotBeforeSkew - 1}"),
        ("future", now => $"{now + NotBeforeSkew + 1}"), ("far future", now => $"{now + 100_000}"), ("!text", now => $"\"{now}\""),
    ];

    private static readonly (string Name, Func<string, string, string> Spell)[] s_spellings =
    [
        ("usual", (signed, signature) => $"{signed}.{signature}"),
        ("no signature", (signed, _) => signed + "."), ("two parts", (signed, _) => signed),
        ("cut", (signed, signature) => $"{signed}.{signature[..20]}"),
        ("changed", (signed, signature) => $"{signed}.{(signature[0] == 'A' ? 'B' : 'A')}{signature[1..]}"),
        ("other claims", (signed, signature) => $"{signed[..^3]}AAA.{signature}"),
        ("four parts", (signed, signature) => $"{signed}.{signature}.x"),
        ("!padded", (signed, signature) => $"{signed}.{signature}="),
    ];

    [Fact]
    public async Task Of_ten_thousand_generated_tokens_none_is_accepted_here_alone()
    {
        const int Seed = 7;
        var dice = new Random(Seed);
        var own = new BuyerToken(Key, _clock);
        var (both, neither) = (0, 0);
        for (var number = 0; number < Tokens; number++)
        {
            var (token, choices) = Draw(dice);
            var subject = await LibraryAsync(token);
            var accepted = own.TryVerify(token, out var userId);
            Assert.False(accepted && subject is null, $"Accepted here alone: {choices}: {token}");
            Assert.False(
                accepted && subject != userId.ToString(CultureInfo.InvariantCulture),
                $"{userId} here and {subject} there: {choices}: {token}");
            Assert.False(
                !accepted && subject is not null && !choices.Contains('!', StringComparison.Ordinal),
                $"Refused here alone: {choices}: {token}");
            (both, neither) = (both + (accepted ? 1 : 0), neither + (accepted || subject is not null ? 0 : 1));
        }

        // A generator of nothing but rubbish would show nothing.
        Assert.InRange(both, Tokens / 100, Tokens);
        Assert.InRange(neither, Tokens / 100, Tokens);
    }

    /// <returns>The subject; null when the library refuses.</returns>
    private async Task<string?> LibraryAsync(string token)
    {
        var now = _clock.GetUtcNow().UtcDateTime;
        var result = await s_library.ValidateTokenAsync(token, new TokenValidationParameters
        {
            IssuerSigningKey = new SymmetricSecurityKey(Encoding.UTF8.GetBytes(Key)), ValidAlgorithms = [SecurityAlgorithms.HmacSha256],
            ValidateIssuer = false, ValidateAudience = false, RequireExpirationTime = true,
            LifetimeValidator = (notBefore, expires, _, _) =>
                expires > now && (notBefore is null || notBefore < now.AddSeconds(NotBeforeSkew)),
        });
        return result.IsValid ? ((JsonWebToken)result.SecurityToken).Subject : null;
    }

    private (string Token, string Choices) Draw(Random dice)
    {
        var now = _clock.GetUtcNow().ToUnixTimeSeconds();
        // Mostly the good one, so that a fault is often the only one.
        T One<T>(T[] some) => some[dice.Next(10) < 7 ? 0 : dice.Next(some.Length)];
        var (header, subject, expiry) = (One(s_headers), One(s_subjects), One(s_expiries));
        var (start, spelling) = (One(s_starts), One(s_spellings));
        (string Name, string? Value)[] claims =
            [("sub", subject.Claim), ("exp", expiry.Claim(now)), ("nbf", start.Claim(now)), ("x", "[1]")];
        dice.Shuffle(claims);
        var members = claims.Where(claim => claim.Value is not null).Select(claim => $"\"{claim.Name}\":{claim.Value}");
        var payload = "{" + string.Join(',', members) + "}";
        var signed = Encode(header.Header) + "." + Encode(payload);
        var key = dice.Next(20) == 0 ? "another-signing-key-of-32-bytes-or-more" : Key;
        var signature = Base64Url.EncodeToString(HMACSHA256.HashData(Encoding.UTF8.GetBytes(key), Encoding.ASCII.GetBytes(signed)));
        return (
            spelling.Spell(signed, signature),
            $"header {header.Name}, sub {subject.Name}, exp {expiry.Name}, nbf {start.Name}, spelled {spelling.Name}, {payload}");
    }

    private static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));
}
