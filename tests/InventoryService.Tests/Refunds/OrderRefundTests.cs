using System.Globalization;
using System.Net;
using System.Text.Json;
using Dapper;
using Npgsql;

namespace Seckill.InventoryService.Tests.Refunds;

/// <summary>
/// Promise: money of a paid order is sent back in full or in part, never more than was paid, each request once. Broken by two requests that
/// each see the whole payment, by a retry that counts again, and by an event without its refund.
/// </summary>
public sealed class OrderRefundTests(Administration administration)
{
    [Fact]
    public async Task The_refunds_of_an_order_are_at_most_what_was_paid_whoever_asks_at_once()
    {
        var orderId = await PaidAsync(amount: 1_000);
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => RefundAsync(orderId, """{"amount":300}""", $"part-{i}")));
        Assert.Equal(3, answers.Count(answer => answer.Status == HttpStatusCode.OK));
        Assert.Equal(5, answers.Count(answer => answer.Code == "refund-too-large"));
        Assert.Equal(100, (await RefundAsync(orderId, "{}", "rest")).Body.GetProperty("amount").GetInt64());
        Assert.Equal("refund-too-large", (await RefundAsync(orderId, "{}", "more")).Code);
        await using var connection = await Servers.Orders.OpenConnectionAsync();
        Assert.Equal(1_000, await connection.ExecuteScalarAsync<long>(
            "select sum(amount)::bigint from refunds where order_id = @orderId", new { orderId }));
        // The constraint itself, whatever the code does.
        await Assert.ThrowsAsync<PostgresException>(() => connection.ExecuteAsync(
            "update payments set refunded = refunded + 1 where order_id = @orderId", new { orderId }));
        var refunds = await connection.QueryAsync<long>(
            """
            select refund_id from order_events_new where kind = 'refunded' and order_ids = array[@orderId]
            union select refund_id from order_events where kind = 'refunded' and order_ids = array[@orderId]
            """,
            new { orderId });
        Assert.Equal(4, refunds.Distinct().Count());
    }

    [Fact]
    public async Task A_retry_gets_the_first_answer_and_a_key_names_one_amount()
    {
        var orderId = await PaidAsync(amount: 1_000);
        var first = await RefundAsync(orderId, """{"amount":300,"note":"damaged"}""", "key");
        Assert.Equal(("operator", "damaged"), (Text(first.Body, "reason"), Text(first.Body, "note")));
        Assert.Equal(first.Body.GetRawText(), (await RefundAsync(orderId, """{"amount":300,"note":"damaged"}""", "key")).Body.GetRawText());
        Assert.Equal("idempotency-key-reused", (await RefundAsync(orderId, """{"amount":301}""", "key")).Code);
        var id = first.Body.GetProperty("id").GetInt64().ToString(CultureInfo.InvariantCulture);
        Assert.Equal("ops", Text(await administration.DoesAsync("POST", $"/refunds/{id}/settled"), "settledBy"));
    }

    [Fact]
    public async Task Only_paid_orders_are_refunded()
    {
        var item = new TestItem();
        await item.PlanInPostgresAsync();
        var unpaid = (await PlacedOrders.PlaceAsync(item, 1))[0];
        Assert.Equal("order-not-paid", (await RefundAsync(unpaid, "{}", "key")).Code);
        Assert.Equal("unknown-order", (await RefundAsync(new string('0', 32), "{}", "key")).Code);
        Assert.Equal("unknown-order", (await RefundAsync("nothing", "{}", "key")).Code);
        Assert.Equal("invalid-request", (await RefundAsync(unpaid, """{"amount":0}""", "key")).Code);
        Assert.Equal("invalid-request", (await RefundAsync(unpaid, """{"units":-1}""", "key")).Code);
        Assert.Equal("invalid-request", (await RefundAsync(unpaid, "{}", null)).Code);
    }

    private static async Task<string> PaidAsync(long amount)
    {
        var item = new TestItem();
        await item.PlanInPostgresAsync();
        var orderId = (await PlacedOrders.PlaceAsync(item, 1))[0];
        await using var connection = await Servers.Orders.OpenConnectionAsync();
        await connection.ExecuteAsync(
            """
            update orders set status = 'paid', paid_at = now() where order_id = @orderId;
            insert into payments (payment_id, order_id, amount, currency, outcome) values (@orderId, @orderId, @amount, 'EUR', 'accepted')
            """,
            new { orderId, amount });
        return orderId;
    }

    private async Task<(HttpStatusCode Status, string? Code, JsonElement Body)> RefundAsync(string orderId, string json, string? key)
    {
        var answer = await administration.AskAsync("POST", $"/orders/{orderId}/refund", json, idempotencyKey: key);
        return (answer.Status, answer.Body.TryGetProperty("code", out var code) ? code.GetString() : null, answer.Body);
    }

    private static string? Text(JsonElement one, string member) => one.GetProperty(member).GetString();
}
