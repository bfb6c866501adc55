using System.Net;
using Dapper;

namespace Seckill.OrderService.Tests.Storefront;

/// <summary>
/// Promise: a user whom operators deny cannot order, at every storefront, within a second, and keeps what it has. Broken by a list that is
/// read once, or that a click waits for.
/// </summary>
public sealed class DeniedUsersTests(StorefrontHost storefront)
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
}
