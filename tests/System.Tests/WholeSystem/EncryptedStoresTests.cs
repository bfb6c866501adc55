using Seckill.Tests.Harness.Checks;
using Seckill.Tests.Harness.Clients;
using Seckill.Tests.Harness.Processes;

namespace Seckill.System.Tests.WholeSystem;

/// <summary>
/// Promise: a sale runs with stores that speak TLS and nothing else, and a store that cannot prove who it is gets no password and no
/// order. Broken by one of the connections of a process that goes its own way. Only real servers refuse what is not encrypted.
/// </summary>
public sealed class EncryptedStoresTests(EncryptedServers servers) : IClassFixture<EncryptedServers>
{
    private static readonly string[] s_stores = ["redis", "rabbitmq", "postgres"];

    [Fact]
    public async Task A_sale_needs_no_connection_that_is_not_encrypted()
    {
        await using var installation = new Installation();
        // Lists, of which the first host is dead: the name on the certificate is that of the host that answers.
        (string, string?)[] settings =
        [
            .. servers.Settings, (Servers.OrdersSetting, servers.PostgresAt("127.0.0.1:1,127.0.0.1", "seckill")),
            (Servers.RabbitMqSetting, servers.RabbitMqAt("127.0.0.1").Replace("@", "@localhost:1,", StringComparison.Ordinal)),
        ];
        var (api, worker) = (installation.StartApi(settings), installation.StartWorker(settings));
        var inventory = installation.StartInventory(settings);
        await Installation.ReadyAsync(api, worker, inventory);
        var sale = await Sale.OpenAsync(inventory, units: 5, fitsLegacy: true);
        using var buyers = new Buyers(sale);
        var bought = await buyers.ClickAsync(api, buyers.NewUser());
        Assert.True(bought.IsAccepted, bought.ToString());
        await Eventually.IsTrueAsync(
            "PostgreSQL has it", async () => (await buyers.LookAsync(api, bought)).OrderStatus == "placed");
        Assert.Equal(new Answer(200, "accepted"), await buyers.PayAsync(api, "pay", bought.OrderId, Sale.UnitPrice));
    }

    [Theory]
    [InlineData("redis")]
    [InlineData("rabbitmq")]
    [InlineData("postgres")]
    public async Task A_server_with_the_certificate_of_another_name_is_not_believed(string store)
    {
        await using var installation = new Installation();
        var setting = store switch
        {
            "redis" => (Servers.RedisSetting, (string?)servers.RedisAt("localhost")),
            "rabbitmq" => (Servers.RabbitMqSetting, servers.RabbitMqAt("localhost")),
            _ => (Servers.OrdersSetting, servers.PostgresAt("localhost", "seckill")),
        };
        await DoesNotBelieveAsync(installation.StartWorker([.. servers.Settings, setting]), store);
    }

    [Fact]
    public async Task Servers_of_an_unknown_authority_are_not_believed()
    {
        await using var installation = new Installation();
        await DoesNotBelieveAsync(installation.StartWorker(servers.Addresses), "redis", "rabbitmq", "postgres");
    }

    private static async Task DoesNotBelieveAsync(ServiceProcess worker, params string[] stores)
    {
        await worker.ListensAsync();
        await worker.WritesAsync("(?i)certificate|SSL handshake|Redis does not answer yet");
        await Eventually.IsTrueAsync("every other store is there", async () =>
        {
            var checks = (await Operator.TryAsync(worker, HttpMethod.Get, "/health/ready")).Body.GetProperty("checks").EnumerateArray()
                .ToLookup(check => check.GetProperty("status").GetString(), check => check.GetProperty("name").GetString());
            return stores.ToHashSet().IsSubsetOf(checks["unhealthy"]!) && !checks["healthy"].Intersect(stores).Any()
                && s_stores.Except(stores).ToHashSet().IsSubsetOf(checks["healthy"]!);
        });
    }
}
