
using Seckill.Tests.Harness.Checks;
using Seckill.Tests.Harness.Clients;
using Seckill.Tests.Harness.Processes;

namespace Seckill.System.Tests.Faults;

/// <summary>
/// Promise: an outage of PostgreSQL or RabbitMQ only delays the rows; the sale goes on. Broken by an accept path that waits for
/// either, by a client library that does not come back, or by connections that an outage leaks. The servers are real and stay up;
/// a relay between them and the services refuses (a server that is down) or swallows (a network that is).
/// </summary>
public sealed class OutageTests(StoreConnections servers, ITestOutputHelper output)
{
    // A slow machine must not look like a sale that stops: Redis is not what fails here.

    [Theory]
    [InlineData("refused")]
    [InlineData("frozen")]
    public async Task The_sale_goes_on_while_PostgreSQL_is_away(string how)
    {
        await using var installation = new Installation();
        var postgres = installation.RelayToPostgres();
        (string, string?)[] settings = [postgres.Setting, Installation.ProductReadTimeout];
        var (api, other) = (installation.StartApi(settings), installation.StartApi(settings));
        var (worker, inventory) = (installation.StartWorker(postgres.Setting), installation.StartInventory());
        await Installation.ReadyAsync(api, other, worker, inventory);
        var sale = await Sale.OpenAsync(inventory, units: 100_000);
        using var buyers = new Buyers(sale);
        await using var crowd = new Crowd(buyers, api, other);

        Fail(postgres, how);
        var noticed = await Task.WhenAll(api.BecomesAsync(200, "degraded"), other.BecomesAsync(200, "degraded"), worker.BecomesAsync(503));
        var before = buyers.Accepted.Count();
        await Eventually.IsTrueAsync("the sale goes on", () => buyers.Accepted.Count() > before + 200);
        await Crowd.AllAsync(buyers.Accepted.TakeLast(100), async order =>
        {
            var look = await buyers.LookAsync(other, order);
            Assert.True(look is { Status: 200, OrderStatus: "reserved" }, $"{order} was answered {look}");
            Assert.True(look.Took < TimeSpan.FromSeconds(10), $"{order} was answered only after {look.Took}");
        });
        await Audit.NothingIsBetweenTheStoresAsync(servers, buyers);

        postgres.Resume();
        var back = await Task.WhenAll(api.BecomesAsync(200, "healthy"), other.BecomesAsync(200, "healthy"), worker.BecomesAsync(200));
        await crowd.LeavesAsync();
        await Audit.WhenDrainedAsync(servers, buyers);
        Assert.All(buyers.Log, attempt => Assert.Equal(202, attempt.Status));
        var placed = await buyers.LookAsync(other, buyers.Accepted.First());
        Assert.Equal((200, "placed"), (placed.Status, placed.OrderStatus));
        output.WriteLine(
            $"PostgreSQL {how}: noticed after {noticed.Max(one => one.Waited)}, ready {back.Max(one => one.Waited)} after its return.");
    }

    [Theory]
    [InlineData("refused")]
    [InlineData("frozen")]
    public async Task The_sale_goes_on_while_RabbitMQ_is_away(string how)
    {
        await using var installation = new Installation();
        var broker = installation.RelayToRabbitMq();
        var api = installation.StartApi(broker.Setting);
        var (worker, inventory) = (installation.StartWorker(broker.Setting), installation.StartInventory(broker.Setting));
        await Installation.ReadyAsync(api, worker, inventory);
        var sale = await Sale.OpenAsync(inventory, units: 100_000);
        using var buyers = new Buyers(sale);
        await using var crowd = new Crowd(buyers, api);
        await Eventually.IsTrueAsync("the sale goes on", () => buyers.Accepted.Count() > 100);

        Fail(broker, how);
        var noticed = await Task.WhenAll(api.BecomesAsync(200, "degraded"), worker.BecomesAsync(503));
        var before = buyers.Accepted.Count();
        await Eventually.IsTrueAsync("the sale goes on", () => buyers.Accepted.Count() > before + 200);
        await Audit.NothingIsBetweenTheStoresAsync(servers, buyers);

        broker.Resume();
        var back = await Task.WhenAll(api.BecomesAsync(200, "healthy"), worker.BecomesAsync(200), inventory.BecomesAsync(200, "healthy"));
        await crowd.LeavesAsync();
        await Audit.WhenDrainedAsync(servers, buyers);
        Assert.All(buyers.Log, attempt => Assert.Equal(202, attempt.Status));
        output.WriteLine(
            $"RabbitMQ {how}: noticed after {noticed.Max(one => one.Waited)}, ready {back.Max(one => one.Waited)} after its return.");
    }

    [Fact]
    public async Task Lookups_that_pile_up_while_PostgreSQL_hangs_leave_no_connection_behind()
    {
        await using var installation = new Installation();
        var postgres = installation.RelayToPostgres();
        var (api, inventory) = (
            installation.StartApi(postgres.Setting, Installation.ProductReadTimeout), installation.StartInventory());
        await Installation.ReadyAsync(api, inventory);
        var sale = await Sale.OpenAsync(inventory, units: 100);
        using var buyers = new Buyers(sale);
        await Crowd.AllAsync(Enumerable.Range(0, 100), _ => buyers.ClickAsync(api, buyers.NewUser()));

        for (var hang = 1; hang <= 3; hang++)
        {
            postgres.Freeze();
            var looks = buyers.Accepted.Select(order => buyers.LookAsync(api, order)).ToArray();
            // The first have their answer from Redis: from here on the service has given up lookups that PostgreSQL may still answer.
            await Task.WhenAny(looks);
            postgres.Resume();
            Assert.All(await Task.WhenAll(looks), look => Assert.Equal((200, "reserved"), (look.Status, look.OrderStatus)));
        }

        await api.BecomesAsync(200, "healthy");
        installation.StartWorker();
        await Audit.WhenDrainedAsync(servers, buyers);
        Assert.All(
            await Task.WhenAll(buyers.Accepted.Select(order => buyers.LookAsync(api, order))),
            look => Assert.Equal((200, "placed"), (look.Status, look.OrderStatus)));
    }

    private static void Fail(Relay relay, string how)
    {
        if (how == "refused")
        {
            relay.Refuse();
        }
        else
        {
            relay.Freeze();
        }
    }
}
