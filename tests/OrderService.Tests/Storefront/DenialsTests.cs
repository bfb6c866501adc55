using System.Net;
using System.Text.Json;
using Dapper;
using Seckill.Shared.Security;

namespace Seckill.OrderService.Tests.Storefront;

/// <summary>
/// Promise: a user whom operators deny cannot order, and a token that they revoke is worth nothing, at every storefront, within a second.
/// Broken by a list that is read once, or that a click waits for.
/// </summary>
public sealed class DenialsTests(StorefrontHost storefront)
{
    [Fact]
    public async Task A_denied_user_cannot_order_at_any_storefront_and_others_can_until_the_denial_ends()
    {
        await using var second = new StorefrontHost(new() { ["role"] = "api" });
        await second.InitializeAsync();
        var item = await TestItem.OpenEverywhereAsync();
        var user = TestItem.NewId();
        await using var connection = await Servers.Orders.OpenConnectionAsync();
        await connection.ExecuteAsync("insert into denied_users (user_id, reason, denied_by) values (@user, 'bot', 'test')", new { user });
        foreach (var host in new[] { storefront, second })
        {
            await Eventually.IsTrueAsync("it may not order", async () =>
            {
                using var refused = await host.OrderAsync(item.Key, user);
                return refused.StatusCode == HttpStatusCode.Forbidden
                    && (await refused.Content.ReadAsStringAsync()).Contains("\"code\":\"user-denied\"", StringComparison.Ordinal);
            });
        }

        using var other = await storefront.OrderAsync(item.Key, user + 1);
        Assert.Equal(HttpStatusCode.Accepted, other.StatusCode);
        using var client = storefront.ClientOf(user);
        Assert.Contains("unknown-order", await client.GetStringOfAsync("/orders/" + new string('0', 32)), StringComparison.Ordinal);
        // It takes no place in a waiting room either, and others may ask for one: there is none.
        foreach (var (registering, status) in new[] { (user, HttpStatusCode.Forbidden), (user + 1, HttpStatusCode.NotFound) })
        {
            using var buyer = storefront.ClientOf(registering);
            using var place = await buyer.PostAsync(
                new Uri($"/sales/{item.Key.SaleId}/queue", UriKind.Relative), null, TestContext.Current.CancellationToken).InTime();
            Assert.Equal(status, place.StatusCode);
        }

        await connection.ExecuteAsync("delete from denied_users where user_id = @user", new { user });
        await Eventually.IsTrueAsync("it may order again", async () =>
        {
            using var order = await storefront.OrderAsync(item.Key, user);
            return order.StatusCode != HttpStatusCode.Forbidden;
        });
    }

    [Fact]
    public async Task A_revoked_token_is_not_accepted_nor_is_one_that_was_exchanged_for_it_and_its_user_goes_on_with_another()
    {
        var (user, id) = (TestItem.NewId(), Guid.NewGuid().ToString());
        string Token(string tokenId) => new BuyerToken(DevelopmentKeys.BuyerToken, TimeProvider.System)
            .Sign(user, TimeSpan.FromHours(1), BuyerClaims.None with { TokenId = tokenId });
        using var client = storefront.CreateClient();
        async Task<(HttpStatusCode Status, string Reason)> AskAsync(string token)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/orders/" + new string('0', 32));
            request.Headers.Authorization = new("Bearer", token);
            using var response = await client.SendAsync(request, TestContext.Current.CancellationToken).InTime();
            return (response.StatusCode, response.Headers.WwwAuthenticate.ToString());
        }

        client.DefaultRequestHeaders.Authorization = new("Bearer", Token(id));
        using var exchange = await client.PostAsync(
            new Uri("/tokens", UriKind.Relative), null, TestContext.Current.CancellationToken).InTime();
        var exchanged = JsonDocument.Parse(await exchange.Content.ReadAsStringAsync()).RootElement.GetProperty("token").GetString()!;
        await using var connection = await Servers.Orders.OpenConnectionAsync();
        await connection.ExecuteAsync(
            """
            insert into revoked_tokens (token_id, reason, revoked_by, expires_at)
            values (@id, 'stolen', 'test', now() + interval '1 hour'), (@expired, 'stolen', 'test', now() - interval '1 second')
            """,
            new { id, expired = id + "x" });
        foreach (var token in new[] { Token(id), exchanged })
        {
            await Eventually.IsTrueAsync("it is not accepted", async () =>
                await AskAsync(token) is (HttpStatusCode.Unauthorized, var reason)
                && reason.Contains("revoked", StringComparison.Ordinal));
        }

        foreach (var token in new[] { Token(Guid.NewGuid().ToString()), Token(""), Token(id + "x") })
        {
            Assert.Equal(HttpStatusCode.NotFound, (await AskAsync(token)).Status);
        }

        await connection.ExecuteAsync("delete from revoked_tokens where token_id = @id", new { id });
        await Eventually.IsTrueAsync(
            "it is accepted again", async () => (await AskAsync(Token(id))).Status == HttpStatusCode.NotFound);
    }
}
