using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Dapper;
using Seckill.InventoryService.Webhooks;

namespace Seckill.InventoryService.Tests.Webhooks;

/// <summary>
/// Promise: an endpoint gets every event, signed, in order, at least once, whatever it answers meanwhile; one that is gone is shown and
/// left alone until an operator replays. Broken by a position that moves before the answer, by an event that overtakes a failed one, and by
/// a delivery that undoes a replay.
/// </summary>
public sealed class WebhookTests(Administration administration)
{
    private const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    // The example of the specification's own libraries.
    [Fact]
    public void The_signature_is_that_of_standard_webhooks() =>
        Assert.Equal(
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            WebhookSignature.Sign(Secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, "{\"test\": 2432232314}"u8));

    [Fact]
    public async Task An_endpoint_that_fails_gets_every_event_in_order_and_none_behind_the_one_that_failed()
    {
        await using var receiver = await Receiver.StartAsync();
        var item = new TestItem();
        await item.PlanInPostgresAsync();
        foreach (var status in (int[])[500, 302, 429])
        {
            receiver.Answers.Enqueue(status);
        }

        var webhook = await CreateAsync(receiver);
        var ids = await PlacedOrders.PlaceAsync(item, 20);
        await ArriveAsync(receiver, ids);

        var all = receiver.Deliveries.ToList();
        // Failed attempts of the first event, then each event once.
        Assert.Equal([500, 302, 429], all.Take(3).Select(delivery => delivery.Status));
        Assert.Single(all.Take(4).Select(delivery => delivery.Id).Distinct());
        Assert.Equal(all.Count - 3, all.Select(delivery => delivery.Id).Distinct().Count());
        Assert.Equal(ids.Select(id => id + "-placed"), all.Skip(3).Select(delivery => delivery.Id).Where(id => ids.Contains(id[..32])));
        foreach (var delivery in all)
        {
            var seconds = long.Parse(delivery.Timestamp, CultureInfo.InvariantCulture);
            Assert.Equal(WebhookSignature.Sign(Secret, delivery.Id, seconds, delivery.Body), delivery.Signature);
            Assert.Equal("application/cloudevents+json", delivery.ContentType);
            Assert.Equal(delivery.Id, JsonDocument.Parse(delivery.Body).RootElement.GetProperty("id").GetString());
        }

        await Eventually.IsTrueAsync("it is shown as well", async () =>
            (await administration.DoesAsync("GET", webhook)).GetProperty("state").GetString() == "active");
        Assert.False((await administration.DoesAsync("GET", webhook)).TryGetProperty("secret", out _));
        // Every viewer may read who did what.
        var actions = (await administration.DoesAsync("GET", "/operator-actions?limit=1000")).GetRawText();
        Assert.Contains("createWebhook", actions, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, actions, StringComparison.Ordinal);
        await DeleteAsync(webhook);
    }

    [Fact]
    public async Task An_endpoint_that_is_gone_is_dead_and_a_replay_sends_everything_behind_its_cursor_again()
    {
        await using var receiver = await Receiver.StartAsync();
        var item = new TestItem();
        await item.PlanInPostgresAsync();
        var webhook = await CreateAsync(receiver);
        var before = await PositionAsync(webhook);
        var first = await PlacedOrders.PlaceAsync(item, 3);
        await ArriveAsync(receiver, first);
        receiver.Answers.Enqueue(410);
        var second = await PlacedOrders.PlaceAsync(item, 3);
        await Eventually.IsTrueAsync("it is dead", async () =>
            (await administration.DoesAsync("GET", webhook)).GetProperty("state").GetString() == "dead");
        var dead = await administration.DoesAsync("GET", webhook);
        Assert.Equal("It answered 410.", dead.GetProperty("error").GetString());
        Assert.Equal(JsonValueKind.Null, dead.GetProperty("nextAttemptAt").ValueKind);
        Assert.DoesNotContain(receiver.Deliveries, delivery => second.Contains(delivery.Id[..32]) && delivery.Status < 300);

        receiver.Deliveries.Clear();
        await administration.DoesAsync("POST", webhook + "/replay", $$"""{"after":{{before}}}""");
        await ArriveAsync(receiver, [.. first, .. second]);
        await DeleteAsync(webhook);
    }

    [Fact]
    public async Task A_silent_endpoint_fails_and_does_not_hold_up_another_one()
    {
        await using var receiver = await Receiver.StartAsync();
        var silent = new Uri("http://127.0.0.1:1/");
        var item = new TestItem();
        await item.PlanInPostgresAsync();
        var (down, up) = (await CreateAsync(silent), await CreateAsync(receiver));
        await ArriveAsync(receiver, await PlacedOrders.PlaceAsync(item, 2));
        await Eventually.IsTrueAsync("it is shown", async () =>
            (await administration.DoesAsync("GET", "/webhooks")).EnumerateArray()
                .Single(one => down.EndsWith($"/{one.GetProperty("id").GetInt64()}", StringComparison.Ordinal))
                is var shown && shown.GetProperty("state").GetString() == "failing" && shown.GetProperty("failures").GetInt32() > 1);
        await DeleteAsync(down);
        await DeleteAsync(up);
    }

    [Theory]
    [InlineData("""{"url":"ftp://example.org/"}""")]
    [InlineData("""{"url":"http://user:word@example.org/"}""")]
    [InlineData("""{"url":"/events"}""")]
    [InlineData("""{}""")]
    [InlineData("""{"url":"https://example.org/","secret":"short"}""")]
    [InlineData("""{"url":"https://example.org/","after":-1}""")]
    [InlineData("""{"url":"https://example.org/","state":"dead"}""")]
    public Task An_endpoint_that_cannot_be_is_refused(string body) =>
        administration.RefusesAsync(HttpStatusCode.BadRequest, "invalid-request", "POST", "/webhooks", body);

    [Fact]
    public async Task What_does_not_exist_is_not_replayed_or_deleted()
    {
        const string Unknown = "/webhooks/9223372036854775807";
        await administration.RefusesAsync(HttpStatusCode.NotFound, "unknown-webhook", "GET", Unknown);
        await administration.RefusesAsync(HttpStatusCode.NotFound, "unknown-webhook", "DELETE", Unknown);
        await administration.RefusesAsync(HttpStatusCode.NotFound, "unknown-webhook", "POST", Unknown + "/replay", """{"after":0}""");
    }

    private Task<string> CreateAsync(Receiver receiver) => CreateAsync(receiver.Url);

    private async Task<string> CreateAsync(Uri url)
    {
        var created = await administration.AskAsync("POST", "/webhooks", $$"""{"url":"{{url}}","secret":"{{Secret}}"}""");
        Assert.Equal(HttpStatusCode.Created, created.Status);
        Assert.Equal(Secret, created.Body.GetProperty("secret").GetString());
        return created.Headers.Location!.ToString();
    }

    private async Task<long> PositionAsync(string webhook) =>
        (await administration.DoesAsync("GET", webhook)).GetProperty("position").GetInt64();

    private static async Task ArriveAsync(Receiver receiver, string[] ids)
    {
        await Eventually.IsTrueAsync("all arrive", () =>
            ids.All(id => receiver.Deliveries.Any(delivery => delivery.Id == id + "-placed" && delivery.Status < 300)));
        Assert.Equal(
            ids, receiver.Deliveries.Where(delivery => delivery.Status < 300).Select(delivery => delivery.Id[..32]).Where(ids.Contains));
    }

    private static async Task DeleteAsync(string webhook)
    {
        await using var connection = await Servers.Orders.OpenConnectionAsync();
        await connection.ExecuteAsync(
            "delete from webhooks where id = @id", new { id = long.Parse(webhook["/webhooks/".Length..], CultureInfo.InvariantCulture) });
    }
}
