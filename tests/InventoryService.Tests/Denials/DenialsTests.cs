using System.Globalization;
using System.Net;
using System.Text.Json;

namespace Seckill.InventoryService.Tests.Denials;

/// <summary>
/// Promise: operators deny users and allow them again, and what they did is recorded. Broken by a denial without a reason.
/// </summary>
public sealed class DenialsTests(Administration administration)
{
    [Fact]
    public async Task A_user_is_denied_listed_and_allowed_again_and_the_actions_are_recorded()
    {
        var user = Random.Shared.NextInt64(1L << 40, 1L << 60);
        var path = string.Create(CultureInfo.InvariantCulture, $"/denied-users/{user}");
        var denied = await administration.DoesAsync("PUT", path, """{"reason":"bot"}""");
        Assert.Equal(("bot", "ops"), (denied.GetProperty("reason").GetString(), denied.GetProperty("deniedBy").GetString()));
        await administration.DoesAsync("PUT", path, """{"reason":"fraud"}""");
        var list = await administration.DoesAsync(
            "GET", string.Create(CultureInfo.InvariantCulture, $"/denied-users?after={user - 1}&limit=1"));
        Assert.Equal("fraud", list[0].GetProperty("reason").GetString());
        await administration.DoesAsync("DELETE", path);
        await administration.RefusesAsync(HttpStatusCode.NotFound, "not-denied", "DELETE", path);
        var actions = (await administration.DoesAsync("GET", "/operator-actions?limit=200")).EnumerateArray()
            .Where(one => one.GetProperty("target").GetString()!.EndsWith(path, StringComparison.Ordinal)).ToList();
        Assert.Equal(
            ["allowUser 404", "allowUser 200", "denyUser 200", "denyUser 200"],
            actions.Select(one => $"{one.GetProperty("action")} {one.GetProperty("status")}"));
        Assert.Equal("bot", actions[2].GetProperty("before").GetProperty("reason").GetString());
        Assert.Equal(JsonValueKind.Null, actions[3].GetProperty("before").ValueKind);
    }

    [Fact]
    public async Task A_token_is_revoked_listed_and_accepted_again()
    {
        var id = "urn:token/" + Guid.NewGuid();
        var path = "/revoked-tokens?tokenId=" + Uri.EscapeDataString(id);
        var before = TimeProvider.System.GetUtcNow();
        var revoked = await administration.DoesAsync("PUT", path, """{"reason":"stolen"}""");
        Assert.Equal((id, "ops"), (revoked.GetProperty("tokenId").GetString(), revoked.GetProperty("revokedBy").GetString()));
        Assert.InRange(revoked.GetProperty("expiresAt").GetDateTimeOffset(), before.AddDays(29), before.AddDays(31));
        var expiresAt = before.AddMinutes(5);
        await administration.DoesAsync("PUT", path, $$"""{"reason":"stolen","expiresAt":"{{expiresAt:O}}"}""");
        var list = await administration.DoesAsync("GET", "/revoked-tokens?after=" + Uri.EscapeDataString(id[..^1]) + "&limit=1");
        Assert.Equal(expiresAt, list[0].GetProperty("expiresAt").GetDateTimeOffset(), TimeSpan.FromMilliseconds(1));
        await administration.DoesAsync("DELETE", path);
        await administration.RefusesAsync(HttpStatusCode.NotFound, "not-revoked", "DELETE", path);
        await administration.RefusesAsync(HttpStatusCode.NotFound, "not-revoked", "DELETE", "/revoked-tokens?tokenId=a%00b");
        await administration.RefusesAsync(HttpStatusCode.BadRequest, "invalid-request", "GET", "/revoked-tokens?after=a%00b");
    }

    [Theory]
    [InlineData("/revoked-tokens?tokenId=7", """{}""")]
    [InlineData("/revoked-tokens?tokenId=7", """{"reason":""}""")]
    [InlineData("/revoked-tokens?tokenId=7", """{"reason":"stolen","expiresAt":"2020-01-01T00:00:00Z"}""")]
    [InlineData("/revoked-tokens?tokenId=7", """{"reason":"stolen","expiresAt":"2120-01-01T00:00:00Z"}""")]
    [InlineData("/revoked-tokens", """{"reason":"stolen"}""")]
    [InlineData("/revoked-tokens?tokenId=", """{"reason":"stolen"}""")]
    [InlineData("/revoked-tokens?tokenId=a%00b", """{"reason":"stolen"}""")]
    [InlineData("/denied-users/7", """{}""")]
    [InlineData("/denied-users/7", """{"reason":""}""")]
    [InlineData("/denied-users/7", """{"reason":"bot","by":"me"}""")]
    [InlineData("/denied-users/-7", """{"reason":"bot"}""")]
    public Task What_names_no_user_no_reason_or_no_time_is_refused(string path, string json) =>
        administration.RefusesAsync(HttpStatusCode.BadRequest, "invalid-request", "PUT", path, json);
}
