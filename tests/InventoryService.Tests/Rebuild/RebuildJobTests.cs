using System.Net;
using System.Text.Json;
using Seckill.InventoryService.Audit;
using Seckill.Shared.Stock;

namespace Seckill.InventoryService.Tests.Rebuild;

/// <summary>
/// Promise: a rebuild is a job that ends without its caller, says how far it is, and leaves no item stopped because of another. Broken by
/// work that hangs on a request, by an item that ends the others, or by a second call that starts a second rebuild.
/// </summary>
public sealed class RebuildJobTests(Administration administration)
{
    [Fact]
    public async Task A_job_is_answered_at_once_and_says_how_far_it_is_and_how_it_ended()
    {
        var sale = await OpenAsync(items: 2);
        await administration.RefusesAsync(HttpStatusCode.NotFound, "never-rebuilt", "GET", sale.Path + "/rebuild");
        await LoseAsync(sale, items: 2);
        await using (await ItemLock.TryTakeAsync(Servers.Orders, Keys(sale, 1).Item, CancellationToken.None))
        {
            var (status, started, headers) = await administration.AskAsync("POST", sale.Path + "/rebuild");
            Assert.Equal((HttpStatusCode.Accepted, sale.Path + "/rebuild"), (status, headers.Location?.ToString()));
            Assert.Equal("running", State(started));
            await UntilAsync(sale, job => job.GetProperty("done").GetInt32() == 1);
            var running = await administration.DoesAsync("GET", sale.Path + "/rebuild");
            Assert.Equal(["done", "waiting"], running.GetProperty("items").EnumerateArray().Select(State));
            Assert.False(running.TryGetProperty("finishedAt", out _));

            // The running one, and not a second.
            var again = (await administration.AskAsync("POST", sale.Path + "/rebuild")).Body;
            Assert.Equal(started.GetProperty("startedAt").GetString(), again.GetProperty("startedAt").GetString());
            Assert.Equal(1, again.GetProperty("done").GetInt32());
        }

        var job = await UntilAsync(sale, job => State(job) == "done");
        Assert.True(job.GetProperty("finishedAt").GetDateTimeOffset() >= job.GetProperty("startedAt").GetDateTimeOffset());
        // What a caller read before there were jobs.
        Assert.Equal(
            [(1001, 2, 10, 0), (1002, 2, 10, 0)],
            job.GetProperty("items").EnumerateArray().Select(item => (
                item.GetProperty("skuId").GetInt32(), item.GetProperty("epoch").GetInt32(), item.GetProperty("available").GetInt32(),
                item.GetProperty("held").GetInt32())));
        Assert.Equal(ReserveOutcome.Reserved, (await sale.ReserveAsync(8)).Outcome);
    }

    [Fact]
    public async Task A_caller_that_waits_gets_the_result()
    {
        var sale = await OpenAsync();
        var (status, job, _) = await administration.AskAsync("POST", sale.Path + "/rebuild?wait=true");
        Assert.Equal((HttpStatusCode.OK, "done"), (status, State(job)));
        Assert.Equal(2, job.GetProperty("items")[0].GetProperty("epoch").GetInt32());
        // The next one is another.
        var next = await administration.DoesAsync("POST", sale.Path + "/rebuild?wait=true");
        Assert.Equal(3, next.GetProperty("items")[0].GetProperty("epoch").GetInt32());
    }

    // An epoch that goes back is what a loss looks like: the item would be stopped and rebuilt once more.
    [Fact]
    public async Task A_sale_that_is_closed_edited_and_opened_after_its_rebuild_keeps_the_epoch()
    {
        var sale = await OpenAsync();
        await administration.DoesAsync("POST", sale.Path + "/rebuild?wait=true");
        foreach (var (method, path, body) in new (string, string, string?)[]
        {
            ("POST", "/close", null), ("PATCH", "", """{"name":"Another"}"""), ("POST", "/open", null), ("POST", "/open", null),
        })
        {
            await administration.DoesAsync(method, sale.Path + path, body);
            var now = await Servers.Database.HashGetAsync(Keys(sale, 0).State, ["epoch", "state"]);
            Assert.Equal(2, (int)now[0]);
            Assert.NotEqual("lost", (string?)now[1]);
        }
    }

    [Fact]
    public async Task A_job_ends_when_its_caller_has_hung_up()
    {
        var sale = await OpenAsync();
        await LoseAsync(sale);
        await using (await ItemLock.TryTakeAsync(Servers.Orders, sale.Keys.Item, CancellationToken.None))
        {
            using var hangUp = new CancellationTokenSource();
            using var client = administration.CreateClient();
            using var request = new HttpRequestMessage(HttpMethod.Post, sale.Path + "/rebuild?wait=true");
            request.Headers.Authorization = new("Bearer", Seckill.Shared.Security.DevelopmentKeys.Ops);
            var call = client.SendAsync(request, hangUp.Token);
            await Eventually.IsTrueAsync("the job is there", async () =>
                (await administration.AskAsync("GET", sale.Path + "/rebuild")).Status == HttpStatusCode.OK);
            await hangUp.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        }

        await UntilAsync(sale, job => State(job) == "done");
        Assert.Equal(ReserveOutcome.Reserved, (await sale.ReserveAsync(8)).Outcome);
    }

    [Fact]
    public async Task An_item_that_cannot_be_rebuilt_stops_no_other()
    {
        var sale = await OpenAsync(items: 3);
        await LoseAsync(sale, items: 3);
        await PlannedSale.Redis.StringSetAsync(Keys(sale, 0).Holds, "what no hold is");
        await administration.RefusesAsync(HttpStatusCode.Conflict, "rebuild-failed", "POST", sale.Path + "/rebuild?wait=true");
        var job = await administration.DoesAsync("GET", sale.Path + "/rebuild");
        Assert.Equal("failed", State(job));
        Assert.Equal((2, 1), (job.GetProperty("done").GetInt32(), job.GetProperty("failed").GetInt32()));
        Assert.Equal(["failed", "done", "done"], job.GetProperty("items").EnumerateArray().Select(State));
        Assert.StartsWith("SKU 1001: ", job.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Contains("WRONGTYPE", job.GetProperty("items")[0].GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Equal(ReserveOutcome.UnknownItem, (await sale.ReserveAsync(8)).Outcome);

        await PlannedSale.Redis.KeyDeleteAsync(Keys(sale, 0).Holds);
        Assert.Equal("done", State(await administration.DoesAsync("POST", sale.Path + "/rebuild?wait=true")));
        Assert.Equal(ReserveOutcome.Reserved, (await sale.ReserveAsync(8)).Outcome);
    }

    private static string? State(JsonElement part) => part.GetProperty("state").GetString();

    private static ItemKeys Keys(PlannedSale sale, int item) => new(new ItemKey(sale.Id, PlannedSale.SkuId + item));

    private static async Task LoseAsync(PlannedSale sale, int items = 1)
    {
        foreach (var keys in Enumerable.Range(0, items).Select(item => Keys(sale, item)))
        {
            await PlannedSale.Redis.KeyDeleteAsync([.. keys.ForReserve, keys.Changes]);
        }
    }

    private async Task<PlannedSale> OpenAsync(int items = 1)
    {
        var sale = await PlannedSale.CreateAsync(administration, items);
        await administration.DoesAsync("POST", sale.Path + "/open");
        return sale;
    }

    private async Task<JsonElement> UntilAsync(PlannedSale sale, Func<JsonElement, bool> condition)
    {
        JsonElement job = default;
        await Eventually.IsTrueAsync("the rebuild gets there", async () =>
            condition(job = await administration.DoesAsync("GET", sale.Path + "/rebuild")));
        return job;
    }
}
