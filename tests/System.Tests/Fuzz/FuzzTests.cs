using Dapper;
using Npgsql;
using Seckill.Fuzz;
using Seckill.LoadTests.Client;
using Seckill.Shared.Security;
using Seckill.System.Tests.Alerts;
using Seckill.Tests.Harness.Processes;

namespace Seckill.System.Tests.Fuzz;

/// <summary>
/// Promise: whatever callers send, they get a documented answer, refused requests leave no trace, and the stores stay in balance. A short
/// run of ./seckill fuzz with a fixed seed, on real processes. The second test plants faults behind the services: if the run does not see
/// those, it sees nothing.
/// </summary>
public sealed class FuzzTests(ITestOutputHelper output)
{
    private const int Seed = 20;
    private const int Cases = 400;

    [Fact]
    public async Task Generated_requests_get_documented_answers_and_leave_the_stores_in_balance()
    {
        await using var system = await FuzzedSystem.StartAsync();
        var result = await system.RunAsync(Seed, cases: Cases, output.WriteLine);
        Assert.True(result.Findings.Count == 0, string.Join('\n', result.Findings.Select(finding => finding.Text(Seed))));
        Assert.Equal(Cases, result.Cases);
        // A run that is refused at the door shows nothing.
        string[] expected =
        [
            "POST /orders 202", "POST /orders 400", "POST /orders 401", "POST /orders 404", "POST /orders 409", "POST /orders 415",
            "POST /orders 422", "GET /orders/{orderId} 200", "GET /orders/{orderId}/events 200", "POST /orders/{orderId}/cancel 200",
            "POST /payments 200", "POST /payments 400", "POST /payments 401", "GET /sales/{saleId} 200", "POST /sales 201",
            "POST /sales 400", "POST /sales/{saleId}/open 200", "POST /sales/{saleId}/close 200",
            "POST /sales/{saleId}/items/{skuId}/stock 200",
            "POST /sales/{saleId}/items/{skuId}/stock 409", "GET /sales/{saleId}/ledger 200", "POST /sales/{saleId}/audit 200",
        ];
        Assert.Empty(expected.Except(result.Tally.Answered.Keys));
    }

    [Fact]
    public async Task Faults_behind_the_services_are_found()
    {
        await using var system = await FuzzedSystem.StartAsync();
        var result = await system.RunAsync(Seed, cases: 60, output.WriteLine, async number =>
        {
            await (number switch
            {
                10 => system.ExecuteAsync(
                    "insert into payments (payment_id, order_id, amount, currency, outcome) values ('planted', 'x', 1, 'EUR', 'accepted')"),
                20 => system.ExecuteAsync("update sale_items set allocated = allocated + 1 where sale_id = 500000000"),
                30 => File.AppendAllTextAsync(system.PlantedLog, """{"LogLevel":"Error","Message":"planted"}""" + "\n"),
                40 => File.AppendAllTextAsync(system.PlantedLog, "11:33:16.979 crit: Seckill.Planted[430] Planted.\n"),
                _ => Task.CompletedTask,
            });
        });
        string[] rules = ["trace", "unbalanced", "error-line"];
        Assert.Empty(rules.Except(result.Findings.Select(finding => finding.Rule)));
        Assert.Contains(result.Findings, finding => finding.Detail.Contains("payment planted", StringComparison.Ordinal));
        Assert.Contains(result.Findings, finding => finding.Rule == "error-line" && finding.Case == 30);
        Assert.Contains(result.Findings, finding => finding.Rule == "error-line" && finding.Case == 40);
    }

    /// <summary>An API, a worker and an inventory with a Redis and an orders database of their own.</summary>
    private sealed class FuzzedSystem : IAsyncDisposable
    {
        // One machine for all clients.
        private static readonly (string, string?)[] s_settings =
        [
            ("RateLimits__UserBurst", "1000000"), ("RateLimits__UserPerSecond", "1000000"),
            ("RateLimits__AddressBurst", "1000000"), ("RateLimits__AddressPerSecond", "1000000"),
            (Servers.LegacySetting, null),
        ];

        private readonly Installation _installation = new();
        private readonly List<ServiceProcess> _services = [];
        private OwnStores _stores = null!;

        public string PlantedLog { get; } = Path.GetTempFileName();

        public static async Task<FuzzedSystem> StartAsync()
        {
            // What others left there is about sales that these stores do not have.
            await Queues.EmptyAsync();
            var system = new FuzzedSystem { _stores = await OwnStores.StartAsync() };
            (string, string?)[] settings = [.. s_settings, .. system._stores.Settings];
            system._services.AddRange([
                system._installation.StartApi(settings), system._installation.StartWorker(settings),
                system._installation.StartInventory(settings),
            ]);
            await Installation.ReadyAsync([.. system._services]);
            return system;
        }

        public Task<FuzzResult> RunAsync(int seed, int cases, Action<string> report, Func<int, Task>? afterCase = null)
        {
            var stores = _stores.Settings.ToDictionary(setting => setting.Item1, setting => setting.Item2!);
            var target = new LoadTarget(
                [_services[0].Url], _services[2].Url, DevelopmentKeys.Ops, DevelopmentKeys.BuyerToken, DevelopmentKeys.Payment,
                stores[Servers.RedisSetting], stores[Servers.OrdersSetting]);
            var plan = new FuzzPlan(seed, 1, cases, TimeSpan.FromMinutes(5), FirstSaleId: 500_000_000);
            string[] logs = [.. _services.Select(service => service.LogFile), PlantedLog];
            return new FuzzRun(target, plan, logs, report) { AfterCase = afterCase ?? (_ => Task.CompletedTask) }.RunAsync();
        }

        public async Task ExecuteAsync(string sql)
        {
            await using var connection = await _stores.Connections.Orders.OpenConnectionAsync();
            await connection.ExecuteAsync(sql);
        }

        public async ValueTask DisposeAsync()
        {
            await _installation.DisposeAsync();
            await _stores.DisposeAsync();
            File.Delete(PlantedLog);
        }
    }
}
