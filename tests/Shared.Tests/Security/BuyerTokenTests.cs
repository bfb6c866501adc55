using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using Seckill.Shared.Security;

namespace Seckill.Shared.Tests.Security;

/// <summary>
/// Whoever can forge a token can buy in another's name. Each test signs with the right key and bends one thing, so that nothing but
/// the rule under test can refuse; the last tests bend the signature itself.
/// </summary>
public sealed class BuyerTokenTests
{
    private const string Key = "a-signing-key-of-at-least-32-bytes";
    private const string Header = """{"alg":"HS256","typ":"JWT"}""";
    private readonly FakeTimeProvider _clock = new();
    private readonly BuyerToken _token;

    public BuyerTokenTests() => _token = new BuyerToken(Key, _clock);

    private long Now => _clock.GetUtcNow().ToUnixTimeSeconds();

    [Theory]
    [InlineData(1)]
    [InlineData(42)]
    [InlineData(9007199254740993)]
    [InlineData(long.MaxValue)]
    public void A_signed_token_names_its_user(long userId)
    {
        Assert.True(_token.TryVerify(_token.Sign(userId, TimeSpan.FromHours(1)), out var verified));
        Assert.Equal(userId, verified);
    }

    [Fact]
    public void A_token_of_another_library_is_accepted() =>
        Assert.Equal(7, UserOf(Signed(
            """{ "typ" : "JWT", "kid": {"a":[1]}, "alg":"HS256" }""", $$"""{"exp":{{Now + 9}},"aud":["x"],"sub":"7"}""")));

    // An identity provider puts groups and rights into a token. Broken by a buffer of a fixed length.
    [Theory]
    [InlineData(1_900)]
    [InlineData(2_100)]
    [InlineData(20_000)]
    public void A_long_token_is_accepted(int length)
    {
        var text = new string('x', length);
        Assert.Equal(7, UserOf(Signed(Header, $$"""{"exp":{{Now + 9}},"groups":"{{text}}","sub":"7"}""")));
        Assert.Equal(7, UserOf(Signed($$"""{"alg":"HS256","x":"{{text}}"}""", $$"""{"exp":{{Now + 9}},"sub":"7"}""")));
    }

    [Theory]
    [InlineData("", null)]
    [InlineData("household-7", null)]
    [InlineData("a\"quoted\\ name: ß\n", 0)]
    [InlineData("", 24)]
    public void A_token_says_of_its_buyer_what_it_was_signed_with(string group, int? workBits)
    {
        var token = _token.Sign(7, TimeSpan.FromMinutes(1), new BuyerClaims(group, workBits));
        Assert.Equal(7, UserOf(token));
        Assert.Equal(new BuyerClaims(group, workBits), BuyerClaims.Of("Bearer " + token));
    }

    [Theory]
    [InlineData("""{"alg":"none"}""")]
    [InlineData("""{"alg":"None","typ":"JWT"}""")]
    [InlineData("""{"alg":"hs256","typ":"JWT"}""")]
    [InlineData("""{"alg":"HS384","typ":"JWT"}""")]
    [InlineData("""{"alg":"HS512","typ":"JWT"}""")]
    [InlineData("""{"alg":"RS256","typ":"JWT"}""")]
    [InlineData("""{"alg":"","typ":"JWT"}""")]
    [InlineData("""{"alg":null}""")]
    [InlineData("""{"alg":["HS256"]}""")]
    [InlineData("""{"alg":{"alg":"HS256"}}""")]
    [InlineData("""{"x":{"alg":"HS256"}}""")]
    [InlineData("""{"alg":"HS256","alg":"none"}""")]
    [InlineData("""{"typ":"JWT"}""")]
    [InlineData("""["alg","HS256"]""")]
    [InlineData("\"HS256\"")]
    [InlineData("{}")]
    [InlineData("""{"\ud800":1,"alg":"HS256"}""")]
    [InlineData("not json")]
    [InlineData("")]
    public void No_algorithm_but_HS256_is_accepted(string header) => Refuses(Signed(header, Claims()));

    [Fact]
    public void A_critical_extension_is_refused() =>
        Refuses(Signed("""{"alg":"HS256","crit":["b64"],"b64":false}""", Claims()));

    [Theory]
    [InlineData("""{"sub":"7"}""")]
    [InlineData("""{"sub":"7","exp":null}""")]
    [InlineData("""{"sub":"7","exp":"9999999999"}""")]
    [InlineData("""{"sub":"7","exp":true}""")]
    [InlineData("""{"sub":"7","x":{"exp":9999999999}}""")]
    public void A_token_without_an_expiry_is_refused(string claims) => Refuses(Signed(Header, claims));

    [Fact]
    public void A_name_that_is_no_text_is_refused() => Refuses(Signed(Header, """{"\ud800":1,"sub":"7","exp":9999999999}"""));

    [Fact]
    public void A_token_expires_when_its_time_is_over()
    {
        var token = _token.Sign(7, TimeSpan.FromMinutes(10));
        _clock.Advance(TimeSpan.FromMinutes(10) - TimeSpan.FromSeconds(1));
        Assert.Equal(7, UserOf(token));
        _clock.Advance(TimeSpan.FromSeconds(1));
        Refuses(token);
    }

    [Fact]
    public void A_token_is_refused_before_its_time()
    {
        var token = Signed(Header, $$"""{"sub":"7","exp":{{Now + 9999}},"nbf":{{Now + 61}}}""");
        Refuses(token);
        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(7, UserOf(token));
    }

    [Theory]
    [InlineData("7")]
    [InlineData("null")]
    [InlineData("[\"7\"]")]
    [InlineData("{\"sub\":\"7\"}")]
    [InlineData("\"\"")]
    [InlineData("\"0\"")]
    [InlineData("\"-7\"")]
    [InlineData("\"+7\"")]
    [InlineData("\" 7\"")]
    [InlineData("\"7 \"")]
    [InlineData("\"7.0\"")]
    [InlineData("\"1e3\"")]
    [InlineData("\"0x7\"")]
    [InlineData("\"7,000\"")]
    [InlineData("\"\\u0037\"")]
    [InlineData("\"٧\"")]
    [InlineData("\"9223372036854775808\"")]
    [InlineData("\"99999999999999999999999999\"")]
    [InlineData("\"alice\"")]
    public void A_subject_that_is_no_positive_integer_is_refused(string subject) =>
        Refuses(Signed(Header, $$"""{"sub":{{subject}},"exp":{{Now + 60}}}"""));

    [Fact]
    public void A_token_without_a_subject_is_refused() => Refuses(Signed(Header, $$"""{"exp":{{Now + 60}}}"""));

    // A shop whose sub is a UUID names its number in a claim of its own. Broken by a claim that is read beside the configured one.
    [Fact]
    public void Another_claim_may_have_the_user_and_then_it_alone_counts()
    {
        var token = new BuyerToken(Key, _clock, "https://shop.example/number");
        Assert.True(token.TryVerify(token.Sign(7, TimeSpan.FromHours(1)), out var userId));
        Assert.Equal(7, userId);
        Assert.True(token.TryVerify(
            Signed(Header, $$"""{"sub":"auth0|5f","https:\/\/shop.example\/number":"8","exp":{{Now + 60}}}"""), out userId));
        Assert.Equal(8, userId);
        Assert.Equal(TokenFault.NoSubject, token.Verify(_token.Sign(7, TimeSpan.FromHours(1)), out _));
        Assert.Equal(
            TokenFault.WrongSubject,
            token.Verify(Signed(Header, $$"""{"sub":"7","https://shop.example/number":"x","exp":{{Now + 60}}}"""), out _));
    }

    [Fact]
    public void Leading_zeros_do_not_make_another_user() =>
        Assert.Contains(UserOf(Signed(Header, $$"""{"sub":"042","exp":{{Now + 60}}}""")), new long[] { 0, 42 });

    [Fact]
    public void Any_changed_character_breaks_the_token()
    {
        var token = _token.Sign(7, TimeSpan.FromHours(1));
        for (var i = 0; i < token.Length; i++)
        {
            var changed = token.ToCharArray();
            changed[i] = changed[i] == 'A' ? 'B' : 'A';
            Refuses(new string(changed));
        }
    }

    [Fact]
    public void The_signature_has_one_spelling()
    {
        // The last of its 43 characters carries four bits; the other two must be zero.
        var token = _token.Sign(7, TimeSpan.FromHours(1));
        const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        Assert.Equal(1, Alphabet.Count(last => _token.TryVerify(token[..^1] + last, out _)));
    }

    [Fact]
    public void A_token_of_another_key_is_refused() =>
        Refuses(new BuyerToken(Key + "!", _clock).Sign(7, TimeSpan.FromHours(1)));

    [Fact]
    public void Whatever_is_not_three_parts_of_base64url_is_refused()
    {
        var token = _token.Sign(7, TimeSpan.FromHours(1));
        var parts = token.Split('.');
        string[] wrong =
        [
            "", ".", "..", "...", "a.b.c", parts[0], parts[0] + "." + parts[1], token + ".", "." + token, token + "=", token + " ",
            " " + token, token + "\n", token + "\0", token.Replace(".", " . ", StringComparison.Ordinal), token + "é",
            parts[0] + ".." + parts[2],
            token.Replace('.', ','), token + "." + parts[2], new string('a', 3_000), new string('.', 100_000),
            new string('.', BuyerToken.MaximumLength + 1),
            parts[0] + "=." + parts[1] + "." + parts[2], Signed(Header, Claims(), padding: "="), Signed(Header, Claims(), padding: "=="),
        ];
        Assert.All(wrong, Refuses);
    }

    [Fact]
    public void A_huge_token_is_refused_however_well_it_is_signed()
    {
        var claims = $$"""{"sub":"7","exp":{{Now + 60}},"pad":"{{new string('x', BuyerToken.MaximumLength / 4 * 3 - 200)}}"}""";
        Assert.Equal(7, UserOf(Signed(Header, claims)));
        Refuses(Signed(Header, claims.Replace("\"pad\"", "\"pad" + new string('x', 200) + "\"", StringComparison.Ordinal)));
    }

    // The developer of a client reads which rule refused the token; a stranger learns nothing of its claims without the key.
    [Fact]
    public void The_first_fault_is_named()
    {
        var later = Now + 60;
        (TokenFault Fault, string Token)[] refused =
        [
            (TokenFault.Malformed, "a.b"), (TokenFault.Malformed, Signed("not json", Claims())),
            (TokenFault.Malformed, Signed(Header, "x")),
            (TokenFault.WrongAlgorithm, Signed("""{"alg":"none"}""", Claims())), (TokenFault.WrongAlgorithm, Signed("{}", Claims())),
            (TokenFault.UnknownExtension, Signed("""{"alg":"HS256","crit":["b64"]}""", Claims())),
            (TokenFault.WrongSignature, new BuyerToken(Key + "!", _clock).Sign(7, TimeSpan.FromHours(-1))),
            (TokenFault.WrongExpiry, Signed(Header, """{"sub":"7"}""")), (TokenFault.WrongExpiry, Signed(Header, """{"exp":"1"}""")),
            (TokenFault.Expired, _token.Sign(7, TimeSpan.FromSeconds(-1))),
            (TokenFault.WrongNotBefore, Signed(Header, $$"""{"sub":"7","exp":{{later}},"nbf":"1"}""")),
            (TokenFault.NotYetValid, Signed(Header, $$"""{"sub":"7","exp":{{Now + 999}},"nbf":{{Now + 99}}}""")),
            (TokenFault.NoSubject, Signed(Header, $$"""{"exp":{{later}}}""")),
            (TokenFault.WrongSubject, Signed(Header, $$"""{"sub":"alice","exp":{{later}}}""")),
            (TokenFault.WrongSubject, Signed(Header, $$"""{"sub":7,"exp":{{later}}}""")),
        ];
        Assert.Equal(refused.Select(one => (TokenFault?)one.Fault), refused.Select(one => _token.Verify(one.Token, out _)));
        // The others are faults of tokens of an identity provider.
        Assert.Equal(
            Enum.GetValues<TokenFault>().TakeWhile(fault => fault < TokenFault.UnknownKey), refused.Select(one => one.Fault).Distinct());
    }

    [Theory]
    [InlineData("")]
    [InlineData("0123456789012345678901234567890")]
    public void A_short_key_is_refused(string key) => Assert.Throws<ArgumentException>(() => new BuyerToken(key, _clock));

    private static string Signed(string header, string claims, string padding = "")
    {
        var signed = Base64Url.EncodeToString(Encoding.UTF8.GetBytes(header)) + padding
            + "." + Base64Url.EncodeToString(Encoding.UTF8.GetBytes(claims));
        return signed + "." + Base64Url.EncodeToString(HMACSHA256.HashData(Encoding.UTF8.GetBytes(Key), Encoding.ASCII.GetBytes(signed)));
    }

    private string Claims() => $$"""{"sub":"7","exp":{{Now + 60}}}""";

    private long UserOf(string token) => _token.TryVerify(token, out var userId) ? userId : 0;

    private void Refuses(string token) => Assert.Equal(0, UserOf(token));

    // Broken by a rotation that refuses a token of either key, or by a kid that is believed without a signature.
    [Fact]
    public void During_a_rotation_tokens_of_both_keys_are_accepted_with_and_without_a_kid()
    {
        const string Old = "the-old-key-of-at-least-32-bytes-0";
        const string New = "the-new-key-of-at-least-32-bytes-0";
        var both = new BuyerToken([new(New, "2027"), new(Old, "2026")], _clock);
        foreach (var key in (string[])[Old, New])
        {
            Assert.True(both.TryVerify(new BuyerToken(key, _clock).Sign(7, TimeSpan.FromHours(1)), out var user));
            Assert.Equal(7, user);
        }

        Assert.True(both.TryVerify(WithKid(Old, "2026"), out _));
        Assert.True(both.TryVerify(WithKid(New, "2027"), out _));
        // One that no key has names nothing.
        Assert.True(both.TryVerify(WithKid(Old, "1999"), out _));
        Assert.Equal(TokenFault.WrongSignature, both.Verify(WithKid(Old, "2027"), out _));
        Assert.Equal(TokenFault.WrongSignature, both.Verify(WithKid("a-third-key-of-at-least-32-bytes-0", "2026"), out _));
        // It signs with the first.
        Assert.True(new BuyerToken(New, _clock).TryVerify(both.Sign(7, TimeSpan.FromHours(1)), out _));
        var late = new BuyerToken(Old, _clock).Sign(7, TimeSpan.FromHours(1));
        Assert.Equal(TokenFault.WrongSignature, new BuyerToken(New, _clock).Verify(late, out _));
    }

    private string WithKid(string key, string kid)
    {
        var expires = _clock.GetUtcNow().AddHours(1).ToUnixTimeSeconds();
        var header = Base64Url.EncodeToString(Encoding.UTF8.GetBytes($$"""{"alg":"HS256","kid":"{{kid}}","typ":"JWT"}"""));
        var signed = header + "." + Base64Url.EncodeToString(Encoding.UTF8.GetBytes($$"""{"sub":"7","exp":{{expires}}}"""));
        return signed + "." + Base64Url.EncodeToString(HMACSHA256.HashData(Encoding.UTF8.GetBytes(key), Encoding.ASCII.GetBytes(signed)));
    }
}
