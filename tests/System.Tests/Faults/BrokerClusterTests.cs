using Seckill.Tests.Harness.Checks;
using Seckill.Tests.Harness.Clients;
using Seckill.Tests.Harness.Processes;

namespace Seckill.System.Tests.Faults;

/// <summary>
/// Promise: of several RabbitMQ nodes one may die, and every connection goes to another by itself. Broken by a connection that knows one
/// node alone: of the bus, of the questions, or of the events. Three real nodes, because a quorum queue needs two of them.
/// Mutant: <c>BrokerAddress</c> gives the first host alone.
/// </summary>
public sealed class BrokerClusterTests(StoreConnections servers, ITestOutputHelper output)
{
    [Fact]
    public async Task The_node_with_most_connections_dies_and_orders_go_on()
    {
        await using var cluster = await OwnRabbitMqCluster.StartAsync();
        await using var installation = new Installation();
        var (api, worker) = (installation.StartApi(cluster.Setting), installation.StartWorker(cluster.Setting));
        var inventory = installation.StartInventory(cluster.Setting);
        await Installation.ReadyAsync(api, worker, inventory);
        ServiceProcess[] all = [api, worker, inventory];
        await Task.WhenAll(all.Select(service => service.BecomesAsync(200, "healthy")));
        var sale = await Sale.OpenAsync(inventory, units: 1_000);
        using var buyers = new Buyers(sale);
        await using var crowd = new Crowd(buyers, api);
        await Eventually.IsTrueAsync("orders become rows", async () => await Books.CountRowsAsync(servers, sale) > 50);

        var counts = cluster.Nodes.Select(node => node.CountClients()).ToArray();
        output.WriteLine($"Connections by node: {string.Join(", ", counts)}.");
        await cluster.Nodes[counts.IndexOf(counts.Max())].KillAsync();
        var rows = await Books.CountRowsAsync(servers, sale);
        var took = await Eventually.IsTrueAsync(
            "orders become rows again", async () => await Books.CountRowsAsync(servers, sale) > rows + 100);
        output.WriteLine($"A hundred more orders were rows {took.TotalSeconds:0.0} s after the kill.");
        await crowd.LeavesAsync();
        await Audit.WhenDrainedAsync(servers, buyers);
        await Task.WhenAll(all.Select(service => service.BecomesAsync(200, "healthy")));
        Assert.DoesNotContain(buyers.Log, attempt => attempt.Status is not (202 or 409));
    }
}
