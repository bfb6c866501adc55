using System.Net;
using System.Text.Json;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Seckill.InventoryService.Backlog;

namespace Seckill.InventoryService.Tests.Refunds;

/// <summary>
/// Promise: money that must go back is listed until it is marked as done, and then says who marked it and when. Broken by a second mark
/// that overwrites the first, by a list that forgets what is done, and by numbers that count what is done as waiting.
/// </summary>
public sealed class RefundTests(Administration administration)
{
    [Fact]
    public async Task A_refund_is_settled_once_with_who_and_when()
    {
        var id = await ListedAsync("now()");
        Assert.Equal(JsonValueKind.Null, (await FindAsync(id, "?settled=false"))!.Value.GetProperty("settledAt").ValueKind);
        Assert.Null(await FindAsync(id, "?settled=true"));

        var settled = await administration.DoesAsync("POST", $"/refunds/{id}/settled");
        Assert.Equal((id, "ops"), (settled.GetProperty("id").GetInt64(), settled.GetProperty("settledBy").GetString()));
        Assert.InRange((TimeProvider.System.GetUtcNow() - settled.GetProperty("settledAt").GetDateTimeOffset()).TotalSeconds, -60, 60);
        var repeated = await Task.WhenAll(
            Enumerable.Range(0, 4).Select(_ => administration.DoesAsync("POST", $"/refunds/{id}/settled")));
        Assert.All(repeated, answer => Assert.Equal(settled.GetRawText(), answer.GetRawText()));

        Assert.Null(await FindAsync(id, "?settled=false"));
        Assert.Equal(settled.GetRawText(), (await FindAsync(id, "?settled=true"))!.Value.GetRawText());
        Assert.Equal(settled.GetRawText(), (await FindAsync(id, ""))!.Value.GetRawText());
    }

    [Fact]
    public async Task Only_operators_settle_and_only_what_exists()
    {
        var id = await ListedAsync("now()");
        Assert.Equal(HttpStatusCode.Unauthorized, (await administration.AskAsync("POST", $"/refunds/{id}/settled", key: "a guess")).Status);
        Assert.NotNull(await FindAsync(id, "?settled=false"));
        await administration.RefusesAsync(HttpStatusCode.NotFound, "unknown-refund", "POST", "/refunds/9223372036854775807/settled");
        await administration.RefusesAsync(HttpStatusCode.NotFound, "not-found", "POST", "/refunds/pay-1/settled");
        await administration.RefusesAsync(HttpStatusCode.BadRequest, "invalid-request", "GET", "/refunds?settled=perhaps");
    }

    [Fact]
    public async Task The_oldest_refund_that_waits_is_measured_and_what_is_settled_is_not()
    {
        // Older than any other test's.
        var id = await ListedAsync("now() - interval '300 days'");
        using var reader = ActivatorUtilities.CreateInstance<TableBacklog>(administration.Services);
        await reader.StartAsync(CancellationToken.None);
        await Eventually.IsTrueAsync("its age is known", () => reader.Current?.OldestRefundSeconds is > 299 * 86_400.0);
        Assert.InRange(reader.Current!.Refunds, 1, 10_000);
        await administration.DoesAsync("POST", $"/refunds/{id}/settled");
        await Eventually.IsTrueAsync("the next one is younger", () => reader.Current?.OldestRefundSeconds is < 299 * 86_400.0);
        await reader.StopAsync(CancellationToken.None).InTime();
    }

    private async Task<JsonElement?> FindAsync(long id, string query) =>
        (await administration.DoesAsync("GET", "/refunds" + query)).EnumerateArray().Cast<JsonElement?>()
            .SingleOrDefault(refund => refund!.Value.GetProperty("id").GetInt64() == id);

    private static async Task<long> ListedAsync(string createdAt)
    {
        await using var connection = await Servers.Orders.OpenConnectionAsync();
        return await connection.ExecuteScalarAsync<long>(
            $"""
            insert into refunds (payment_id, order_id, amount, currency, reason, created_at)
            values (@id, @id, 4999, 'EUR', 'cancelled', {createdAt}) returning id
            """,
            new { id = Guid.NewGuid().ToString("N") });
    }
}
