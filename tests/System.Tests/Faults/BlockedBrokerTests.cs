using System.Text.Json;
using Seckill.Shared.Security;
using Seckill.Tests.Harness.Checks;
using Seckill.Tests.Harness.Clients;
using Seckill.Tests.Harness.Processes;

namespace Seckill.System.Tests.Faults;

/// <summary>
/// Promise: a broker that takes no messages is called blocked. Under a memory or disk alarm RabbitMQ answers questions and lets consumers
/// work, so readiness that only asks calls it healthy. A broker of its own, because the alarm is that of the whole broker.
/// </summary>
public sealed class BlockedBrokerTests(StoreConnections servers)
{
    [Fact]
    public async Task A_memory_alarm_is_shown_as_blocked_and_orders_wait_in_the_outbox_until_it_ends()
    {
        await using var broker = await OwnRabbitMq.StartAsync(consumerTimeoutSeconds: 600);
        await using var installation = new Installation();
        var (api, worker) = (installation.StartApi(broker.Setting), installation.StartWorker(broker.Setting));
        var inventory = installation.StartInventory(broker.Setting);
        await Installation.ReadyAsync(api, worker, inventory);
        var sale = await Sale.OpenAsync(inventory, units: 100);
        using var buyers = new Buyers(sale);
        await buyers.ClickAsync(api, buyers.NewUser());
        await Audit.DrainedAsync(servers, sale);
        await api.BecomesAsync(200, "healthy");

        await broker.SetMemoryAlarmAsync(isOn: true);
        try
        {
            foreach (var service in new[] { api, worker, inventory })
            {
                await service.BecomesAsync(200, "degraded");
                Assert.Equal("blocked: low on memory; orders wait in the outbox", await CheckAsync(service));
            }

            // Accepting orders needs Redis alone.
            await buyers.ClickAsync(api, buyers.NewUser());
            await Eventually.IsTrueAsync("the dashboard says so", async () =>
                await SnapshotAsync(inventory) is var now
                && now.GetProperty("verdict").GetProperty("headline").GetString() == "RabbitMQ is blocked.");
        }
        finally
        {
            await broker.SetMemoryAlarmAsync(isOn: false);
        }

        foreach (var service in new[] { api, worker, inventory })
        {
            await service.BecomesAsync(200, "healthy");
        }

        await Audit.WhenDrainedAsync(servers, buyers);
        await Eventually.IsTrueAsync("the dashboard says that it is over", async () =>
            (await SnapshotAsync(inventory)).GetProperty("incidents").EnumerateArray()
                .Any(incident => incident.GetProperty("headline").GetString() == "RabbitMQ takes messages again"));
    }

    private static async Task<string?> CheckAsync(ServiceProcess service)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(40) };
        using var response = await http.GetAsync(new Uri(service.Url, "/health/ready"));
        using var json = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        return json.RootElement.GetProperty("entries").GetProperty("rabbitmq").GetProperty("description").GetString();
    }

    // The first one of the stream.
    private static async Task<JsonElement> SnapshotAsync(ServiceProcess inventory)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(40) };
        http.DefaultRequestHeaders.Authorization = new("Bearer", DevelopmentKeys.Ops);
        using var stream = new StreamReader(await http.GetStreamAsync(new Uri(inventory.Url, "/dashboard/events")));
        return JsonSerializer.Deserialize<JsonElement>((await stream.ReadLineAsync())!["data: ".Length..]);
    }
}
