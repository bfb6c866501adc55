using System.Diagnostics;
using System.Net.Sockets;
using Seckill.Tests.Harness.Checks;
using Seckill.Tests.Harness.Clients;
using Seckill.Tests.Harness.Processes;

namespace Seckill.System.Tests.WholeSystem;

/// <summary>
/// Promise: a process that is told to stop says so before it stops, answers everybody whom it let in, and ends within its bound, with exit
/// code 0, also while a store does not answer. So all processes can be replaced under load, and a balancer's clients notice nothing.
/// Broken by a server that closes its door before anybody knows, cuts connections in use, or waits for a store that is away.
/// </summary>
public sealed class GracefulStopTests(StoreConnections servers, ITestOutputHelper output)
{
    // The balancer looks ten times a second.
    private static readonly (string, string?) s_drain = ("Stop__DrainMilliseconds", "1500");
    private static readonly (string, string?) s_longDrain = ("Stop__DrainMilliseconds", "6000");
    private static readonly (string, string?) s_bound = ("Stop__LongestMilliseconds", "10000");

    [Fact]
    public async Task An_API_that_stops_is_unready_first_and_serves_on_until_nobody_comes()
    {
        await using var installation = new Installation();
        var (leaving, staying) = (installation.StartApi(s_longDrain), installation.StartApi());
        var (worker, inventory) = (installation.StartWorker(), installation.StartInventory());
        await Installation.ReadyAsync(leaving, staying, worker, inventory);
        var sale = await Sale.OpenAsync(inventory, units: 100_000);
        using var buyers = new Buyers(sale);
        await using var balancer = new Balancer(buyers, leaving, staying);
        await Eventually.IsTrueAsync("the sale goes on", () => buyers.Accepted.Count() > 300);

        var stopping = leaving.StopAsync();
        await leaving.BecomesAsync(503, "unhealthy");
        // Not ready, and not gone: whoever has not heard of it yet is served.
        var late = await buyers.ClickAsync(leaving, buyers.NewUser(), Buyers.NewKey());
        Assert.Equal(202, late.Status);
        // And a client that goes on with its connection would meet its end: the answer says so, also where routing comes first.
        using (var http = new HttpClient())
        using (var answer = await http.PostAsync(new Uri(leaving.Url, "/orders"), null, TestContext.Current.CancellationToken))
        {
            Assert.Equal((401, true), ((int)answer.StatusCode, answer.Headers.ConnectionClose));
            using var serving = await http.GetAsync(new Uri(leaving.Url, "/health/serving"), TestContext.Current.CancellationToken);
            Assert.Equal(503, (int)serving.StatusCode);
        }

        await Eventually.IsTrueAsync("the balancer has noticed", () => !balancer.Uses(leaving));
        // Its door is open still: a connection that is new finds somebody to answer.
        using (var connection = new TcpClient())
        {
            await connection.ConnectAsync(leaving.Url.Host, leaving.Url.Port, TestContext.Current.CancellationToken);
        }

        Assert.False(stopping.IsCompleted, "It ended before the balancer knew.");
        Assert.Equal(0, await stopping);

        var before = buyers.Accepted.Count();
        await Eventually.IsTrueAsync("the other API sells on", () => buyers.Accepted.Count() > before + 300);
        await balancer.LeavesAsync();
        Assert.DoesNotContain(buyers.Log, attempt => attempt.Status != 202);
        await Audit.WhenDrainedAsync(servers, buyers);
        // Nobody was left without an answer: every order that exists is one that its buyer was told of.
        Assert.Equal(buyers.Accepted.Count(), await Books.CountRowsAsync(servers, sale));
    }

    [Fact]
    public async Task A_rolling_restart_of_every_process_under_load_loses_nothing_and_turns_hardly_anybody_away()
    {
        await using var installation = new Installation();
        List<ServiceProcess> apis = [installation.StartApi(s_drain), installation.StartApi(s_drain)];
        List<ServiceProcess> workers = [installation.StartWorker(s_drain), installation.StartWorker(s_drain)];
        var inventory = installation.StartInventory(s_drain);
        await Installation.ReadyAsync([.. apis, .. workers, inventory]);
        var sale = await Sale.OpenAsync(inventory, units: 100_000);
        using var buyers = new Buyers(sale);
        await using var balancer = new Balancer(buyers, [.. apis]);
        await Eventually.IsTrueAsync("the sale goes on", () => buyers.Accepted.Count() > 200);

        var next = installation.StartInventory();
        await next.BecomesAsync(200);
        Assert.Equal(0, await inventory.StopAsync());
        foreach (var (api, worker) in apis.Zip(workers))
        {
            var (newApi, newWorker) = (installation.StartApi(), installation.StartWorker());
            await Installation.ReadyAsync(newApi, newWorker);
            balancer.Add(newApi);
            await Eventually.IsTrueAsync("the balancer uses the new API", () => balancer.Uses(newApi));
            Assert.All(await Task.WhenAll(api.StopAsync(), worker.StopAsync()), exitCode => Assert.Equal(0, exitCode));
        }

        var before = buyers.Accepted.Count();
        await Eventually.IsTrueAsync("the sale goes on", () => buyers.Accepted.Count() > before + 300);
        await balancer.LeavesAsync();
        var log = buyers.Log;
        Attempt[] turnedAway = [.. log.Where(attempt => attempt.Status != 202)];
        output.WriteLine($"{log.Count} requests, {turnedAway.Length} without an order: {string.Join("; ", turnedAway.Take(5))}");
        Assert.All(turnedAway, attempt => Assert.Equal((503, true), (attempt.Status, attempt.HasRetryAfter)));
        Assert.True(turnedAway.Length <= log.Count / 100, $"{turnedAway.Length} of {log.Count} were turned away.");
        await Audit.WhenDrainedAsync(servers, buyers, next);
    }

    [Fact]
    public async Task Processes_whose_stores_do_not_answer_stop_within_their_bound()
    {
        await using var installation = new Installation();
        var (redis, postgres) = (installation.RelayToRedis(), installation.RelayToPostgres());
        var api = installation.StartApi(redis.Setting, s_bound, Installation.ProductTimeout);
        var inventory = installation.StartInventory(redis.Setting, s_bound);
        var worker = installation.StartWorker(postgres.Setting, s_bound);
        var well = installation.StartApi();
        await Installation.ReadyAsync(api, well, worker, inventory);
        var sale = await Sale.OpenAsync(inventory, units: 1_000);
        using var buyers = new Buyers(sale);
        Assert.Equal(202, (await buyers.ClickAsync(api, buyers.NewUser())).Status);

        postgres.Freeze();
        redis.Freeze();
        await Crowd.AllAsync(Enumerable.Range(0, 50), async _ =>
            Assert.Equal(202, (await buyers.ClickAsync(well, buyers.NewUser(), Buyers.NewKey())).Status));
        var waiting = Enumerable.Range(0, 50).Select(_ => buyers.ClickAsync(api, buyers.NewUser(), Buyers.NewKey())).ToList();
        await worker.BecomesAsync(503);

        var since = Stopwatch.GetTimestamp();
        Assert.All(await Task.WhenAll(api.StopAsync(), worker.StopAsync(), inventory.StopAsync()), exitCode => Assert.Equal(0, exitCode));
        var took = Stopwatch.GetElapsedTime(since);
        output.WriteLine($"All three ended after {took.TotalSeconds:0.0} s.");
        Assert.True(took < TimeSpan.FromSeconds(30), $"The bound is 10 s, and the last of them took {took}.");
        Assert.All(await Task.WhenAll(waiting), attempt => Assert.Equal((503, true), (attempt.Status, attempt.HasRetryAfter)));

        postgres.Refuse();
        redis.Refuse();
        installation.StartWorker();
        var second = installation.StartInventory();
        await second.BecomesAsync(200);
        await Audit.WhenDrainedAsync(servers, buyers, second);
    }
}
