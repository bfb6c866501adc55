using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Seckill.Shared.Security;

namespace Seckill.OrderService.Tests.Storefront;

/// <summary>
/// A shop whose users have UUIDs names the number in a claim of its own; then that claim alone decides, and the refusal names it.
/// </summary>
public sealed class UserIdClaimTests
{
    [Theory]
    [InlineData("""{"sub":"auth0|5f7c8ec7","uid":"42","exp":4102444800}""", null)]
    [InlineData("""{"sub":"42","exp":4102444800}""", "The claim uid is missing.")]
    [InlineData("""{"sub":"42","uid":"x","exp":4102444800}""", "The claim uid is not a positive 64-bit integer in a string.")]
    public async Task The_configured_claim_has_the_user(string claims, string? fault)
    {
        await using var storefront = new StorefrontHost(new() { ["Auth:UserIdClaim"] = "uid", ["role"] = "api" });
        await storefront.InitializeAsync();
        using var client = storefront.CreateClient();
        client.DefaultRequestHeaders.Authorization = new("Bearer", Signed(claims));
        using var answer = await client.GetAsync(new Uri("/orders?saleId=1", UriKind.Relative)).InTime();
        Assert.Equal(fault is null ? HttpStatusCode.OK : HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.Contains(fault ?? "", answer.Headers.WwwAuthenticate.ToString(), StringComparison.Ordinal);
    }

    private static string Signed(string claims)
    {
        var signed = Base64Url.EncodeToString("""{"alg":"HS256"}"""u8) + "." + Base64Url.EncodeToString(Encoding.UTF8.GetBytes(claims));
        var key = Encoding.UTF8.GetBytes(DevelopmentKeys.BuyerToken);
        return signed + "." + Base64Url.EncodeToString(HMACSHA256.HashData(key, Encoding.ASCII.GetBytes(signed)));
    }
}
