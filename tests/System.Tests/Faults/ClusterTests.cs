using System.Net;
using Seckill.Tests.Harness.Checks;
using Seckill.Tests.Harness.Clients;
using Seckill.Tests.Harness.Processes;
using StackExchange.Redis;

namespace Seckill.System.Tests.Faults;

/// <summary>
/// Promise: on several nodes of each server a sale survives the loss of any one of them in the rush: no confirmed order is lost or
/// rejected, items whose primary of Redis lives sell on without an error, the others answer 503 with Retry-After until a replica has
/// taken over. Mutant: promises without a replica.
/// </summary>
public sealed class ClusterTests(ClusterServers servers, ITestOutputHelper output) : IClassFixture<ClusterServers>
{
    private const int Items = 6;
    private const int UnitsOfEach = 100_000;

    [Theory]
    [InlineData("redis-2")]
    [InlineData("rabbitmq-1")]
    [InlineData("postgres-1")]
    public async Task A_node_fails_in_the_rush_and_no_confirmed_order_is_lost(string node)
    {
        await using var installation = new Installation();
        var settings = servers.Settings;
        ServiceProcess[] apis = [installation.StartApi(settings), installation.StartApi(settings)];
        var (worker, inventory) = (installation.StartWorker(settings), installation.StartInventory(settings));
        await Installation.ReadyAsync([.. apis, worker, inventory]);
        var sale = await Sale.OpenAsync(inventory, UnitsOfEach, Items);
        using var buyers = new Buyers(sale);
        using var end = new CancellationTokenSource();
        var affected = sale.Skus.Where(sku => IsOn(node, sale, sku)).ToHashSet();
        output.WriteLine($"{affected.Count} of {Items} items are on {node}.");
        var crowd = Task.WhenAll(Enumerable.Range(0, 12).Select(BuyAsync));
        await SellAsync(300);
        await ClusterServers.FailAsync(node);
        await SellAsync(300);
        await end.CancelAsync();
        await crowd;

        await Audit.WhenDrainedAsync(servers.Connections, buyers, inventory);
        var disturbed = buyers.Log.Where(attempt => attempt.IsUnknown && !affected.Contains(attempt.SkuId)).ToList();
        Assert.True(disturbed.Count == 0, $"{disturbed.Count} buyers of other items noticed it, first {disturbed.FirstOrDefault()}.");
        output.WriteLine($"{buyers.Accepted.Count()} accepted, {buyers.Log.Count(attempt => attempt.Status == 503)} answers of 503, "
            + $"the slowest answer took {buyers.Log.Max(attempt => attempt.Took).TotalMilliseconds:0} ms.");

        Task<TimeSpan> SellAsync(int more)
        {
            var before = sale.Skus.ToDictionary(sku => sku, Accepted);
            return Eventually.IsTrueAsync(
                "each item sells", () => sale.Skus.All(sku => Accepted(sku) >= before[sku] + (more / Items)));
        }

        int Accepted(long sku) => buyers.Accepted.Count(attempt => attempt.SkuId == sku);

        async Task BuyAsync(int number)
        {
            for (var visit = number; !end.IsCancellationRequested; visit++)
            {
                await buyers.InsistAsync(apis, buyers.NewUser(), sku: sale.Skus[visit % Items]);
            }
        }
    }

    private bool IsOn(string node, Sale sale, long sku)
    {
        var redis = servers.Connections.Redis;
        return node.StartsWith("redis", StringComparison.Ordinal)
            && redis.IdentifyEndpoint($"seckill:{{{sale.Id}:{sku}}}:item", CommandFlags.DemandMaster) is IPEndPoint at
            && at.Port == servers.RedisPort(node);
    }
}
