using System.Security.Cryptography;
using Microsoft.IdentityModel.Tokens;
using Seckill.OrderService.Identity;

namespace Seckill.OrderService.Tests.Identity;

/// <summary>
/// Promise: of a key set only what may verify RS256 and ES256 is used. Broken by a secret that is taken for a key, or by a key that is
/// shorter than its algorithm allows.
/// </summary>
public sealed class IssuerKeySetTests
{
    [Fact]
    public void Only_RSA_keys_of_2048_bits_and_keys_of_P256_are_used()
    {
        string[] entries =
        [
            Rsa("short", 1_024), Rsa("right", 2_048), Rsa("encrypts", 2_048).Replace("sig", "enc", StringComparison.Ordinal),
            Ec("p256", ECCurve.NamedCurves.nistP256, "P-256"), Ec("p384", ECCurve.NamedCurves.nistP384, "P-384"),
            """{"kty":"oct","kid":"secret","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}""", """{"kty":"RSA","kid":"empty"}""",
        ];
        var keys = IssuerKeySet.Read($$"""{"keys":[{{string.Join(',', entries)}}]}""");
        Assert.Equal(["p256", "right"], keys.Select(key => key.KeyId).Order());
        var set = new IssuerKeySet("https://login.example", keys, 1);
        Assert.Equal("right", Assert.Single(set.Of("right")).KeyId);
        Assert.Empty(set.Of("short"));
        Assert.Equal(2, set.Of(null).Count);
    }

    private static string Rsa(string id, int bits)
    {
        using var rsa = RSA.Create(bits);
        var key = rsa.ExportParameters(false);
        return $$"""{"kty":"RSA","use":"sig","kid":"{{id}}","n":"{{Base64UrlEncoder.Encode(key.Modulus)}}","e":"AQAB"}""";
    }

    private static string Ec(string id, ECCurve curve, string name)
    {
        using var ec = ECDsa.Create(curve);
        var at = ec.ExportParameters(false).Q;
        var (x, y) = (Base64UrlEncoder.Encode(at.X), Base64UrlEncoder.Encode(at.Y));
        return $$"""{"kty":"EC","use":"sig","kid":"{{id}}","crv":"{{name}}","x":"{{x}}","y":"{{y}}"}""";
    }
}
