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

    [Theory]
    [InlineData("/denied-users/7", """{}""")]
    [InlineData("/denied-users/7", """{"reason":""}""")]
    [InlineData("/denied-users/7", """{"reason":"bot","by":"me"}""")]
    [InlineData("/denied-users/-7", """{"reason":"bot"}""")]
    public Task What_names_no_user_or_no_reason_is_refused(string path, string json) =>
        administration.RefusesAsync(HttpStatusCode.BadRequest, "invalid-request", "PUT", path, json);
}
