using System.Diagnostics;
using System.Globalization;
using Seckill.Tests.Harness.Clients;
using Seckill.Tests.Harness.Processes;
using StackExchange.Redis;

namespace Seckill.System.Tests.Alerts;

/// <summary>
/// A rule that is right on paper may still wait for a metric that the fault itself takes away. So each fault is caused, for real and
/// mostly at once: real processes, relays before their stores, a Prometheus that reads the real rules.
/// </summary>
public sealed class AlertTests(StoreConnections servers, ITestOutputHelper output)
{
    private readonly Dictionary<string, long> _caused = [];

    [Fact]
    public async Task Each_alert_fires_for_the_fault_that_it_is_for_within_the_time_that_it_states()
    {
        await Queues.EmptyAsync();
        await using var stores = await OwnStores.StartAsync(hasClock: true);
        await using var installation = new Installation();
        var databases = await installation.CreateDatabasesAsync(servers);
        (string Name, string? Value)[] settings = [stores.Settings[0], .. databases.Settings, ("Reservations__OutboxBound", "200")];
        await using var redis = Relay.ToRedis(stores.Settings[0].Item2!);
        await using var postgres = Relay.ToPostgres(
            Servers.OrdersSetting, settings.First(setting => setting.Name == Servers.OrdersSetting).Value!);
        var broker = installation.RelayToRabbitMq();
        var api = installation.StartApi(settings);
        var cutOff = installation.StartApi([.. settings, redis.Setting, Installation.ProductTimeout]);
        var crowded = installation.StartApi([.. settings, ("Overload__MaxConcurrency", "1")]);
        var worker = installation.StartWorker([.. settings, broker.Setting]);
        var inventory = installation.StartInventory([.. settings, postgres.Setting]);
        await Installation.ReadyAsync(api, cutOff, crowded, worker, inventory);
        await databases.NumberItemsApartAsync();
        await DualDatabases.AskAsync(api, change: new { mode = "shadow" });
        using var buyers = new Buyers(await Sale.OpenAsync(inventory, units: 1_000, items: 2, fitsLegacy: true));
        await ClickAsync(buyers, api, 30);
        await ClickAsync(buyers, cutOff, 5);
        await Eventually.IsTrueAsync("the orders are written to the legacy database", async () =>
            (await DualDatabases.AskAsync(api)).GetProperty("verified").GetInt64() >= buyers.Accepted.Count());
        await using var prometheus = await PrometheusServer.StartAsync(api, cutOff, crowded, worker, inventory);
        await Eventually.IsTrueAsync("the verifier has been around", async () =>
            (await DualDatabases.AskAsync(api, "/verifier")).GetProperty("round").GetInt64() > 3);
        Assert.Empty(prometheus.Fired);

        // More than one instance may admit, and nobody who could buy anything.
        using var over = new CancellationTokenSource();
        var crowd = Task.CompletedTask;
        await CauseAsync(
            () =>
            {
                crowd = PressAsync(buyers, crowded, over.Token);
                return Task.CompletedTask;
            },
            "Shedding");

        // What somebody, or a bug, did to the data.
        var item = string.Create(CultureInfo.InvariantCulture, $"seckill:{{{buyers.Sale.Id}:{buyers.Sale.Skus[0]}}}:");
        var other = string.Create(CultureInfo.InvariantCulture, $"seckill:{{{buyers.Sale.Id}:{buyers.Sale.Skus[1]}}}:");
        var refused = buyers.NewUser();
        await databases.OursAsync($"alter table orders add constraint refused check (user_id <> {refused})");
        await CauseAsync(() => buyers.ClickAsync(api, refused), "Quarantine");
        await CauseAsync(Queues.SendGarbageAsync, "DeadLetters");
        await CauseAsync(() => databases.TheirsAsync("update t_order set num = num + 1"), "LegacyDisagrees", "LegacyMismatchRate");
        await CauseAsync(() => stores.Connections.Redis.HashIncrementAsync(item + "item", "available"), "BooksUnbalanced");
        await CauseAsync(() => stores.Connections.Redis.SortedSetAddAsync(item + "outbox", new string('0', 32), 0), "OutboxOrphans");
        await CauseAsync(() => stores.Connections.Redis.KeyDeleteAsync(other + "item"), "StockLost");
        // A sale whose waiting room Redis does not have.
        await CauseAsync(() => stores.Connections.Redis.SetAddAsync("seckill:rooms", buyers.Sale.Id), "QueueUnreadable");
        var paid = buyers.Accepted.First().OrderId;
        await PayAsync(buyers, api, paid, 1_999);
        await CauseAsync(() => PayAsync(buyers, api, paid, 1), "PaymentIdReused");
        await CauseAsync(
            () => databases.OursAsync("""
                insert into refunds (payment_id, order_id, amount, currency, reason, created_at)
                values ('forgotten', 'none', 1, 'EUR', 'unknown-order', now() - interval '4 days')
                """),
            "RefundsWaiting");
        await CauseAsync(
            () => databases.OursAsync("""
                insert into webhooks (url, secret, position, failures, failing_since)
                values ('http://127.0.0.1:1/', 'whsec_c2VjcmV0', 0, 1, now() - interval '10 minutes')
                """),
            "WebhookFailing");
        var closed = buyers.Accepted.Skip(1).First();
        await databases.OursAsync($"""
            create function keep() returns trigger language plpgsql as $$ begin raise exception 'kept'; end $$;
            create trigger keep before delete on stock_returns for each row
              when (old.order_id = '{closed.OrderId}') execute function keep();
            create trigger keep before update on order_event_positions for each row
              when (old.name = 'exchange') execute function keep();
            """);
        await CauseAsync(() => buyers.CancelAsync(api, closed.UserId, closed.OrderId), "ReturnsStuck");
        await CauseAsync(
            () => Eventually.IsTrueAsync("an event waits for the exchange, and seems to be old", () => databases.OursAsync<bool>("""
                with old as (
                  update order_events set at = now() - interval '10 minutes'
                  where last > (select position from order_event_positions where name = 'exchange')
                  returning 1)
                select exists (select from old)
                """)),
            "OrderEventsLate");

        // A Redis that is slow for one API, and then away.
        redis.Freeze();
        var slow = Task.WhenAll(Enumerable.Range(0, 3).Select(_ => buyers.ClickAsync(cutOff, buyers.NewUser())));
        await Task.Delay(TimeSpan.FromSeconds(1));
        await CauseAsync(() => Task.Run(redis.Resume), "ReserveSlow");
        await slow;
        await FiredAsync(prometheus, "ReserveSlow");
        await FiredAsync(prometheus, "Shedding");
        // What is refused for the load is no error.
        Assert.DoesNotContain("SeckillErrorShare", prometheus.Fired.Keys);
        await over.CancelAsync();
        await crowd;
        await CauseAsync(() => Task.Run(redis.Refuse), "StockStoreAway", "ErrorShare");
        await FiredAsync(prometheus, "StockStoreAway");
        await Eventually.IsTrueAsync("the share of errors is noticed", async () =>
        {
            await ClickAsync(buyers, cutOff, 1);
            return prometheus.Fired.ContainsKey("SeckillErrorShare");
        });
        await CauseAsync(cutOff.KillAsync, "Down");
        await FiredAsync(
            prometheus, "Quarantine", "DeadLetters", "LegacyDisagrees", "LegacyMismatchRate", "BooksUnbalanced", "OutboxOrphans",
            "StockLost", "PaymentIdReused", "RefundsWaiting", "ReturnsStuck", "QueueUnreadable",
            "OrderEventsLate", "WebhookFailing");

        // Stores down, each for those who need it most.
        await CauseAsync(() => Task.Run(databases.Relay.Refuse), "LegacyLag", "LegacyBreakerOpen");
        await ClickAsync(buyers, api, 5);
        await Eventually.IsTrueAsync("a change waits for the legacy database", async () =>
            (await buyers.LookAsync(api, buyers.Accepted.Last())).OrderStatus == "placed");
        await CauseAsync(() => Task.Run(postgres.Refuse), "DatabaseAway", "AuditStopped");
        await CauseAsync(() => Task.Run(broker.Refuse), "BrokerAway");
        await CauseAsync(() => ClickAsync(buyers, api, 120), "OutboxOld", "OutboxFilling");
        await FiredAsync(prometheus, "BrokerAway", "DatabaseAway", "OutboxFilling", "OutboxOld", "AuditStopped", "LegacyLag",
            "LegacyBreakerOpen", "Down");
        await CauseAsync(() => Task.Run(broker.Resume), "PersistLag");
        await FiredAsync(prometheus, "PersistLag");
        await CauseAsync(() => stores.SetRedisClockAsync(20), "ClockOff");
        await FiredAsync(prometheus, "ClockOff");

        await Queues.EmptyAsync();
        Assert.Equal(Repository.Alerts.Select(alert => alert.Name).Order(), _caused.Keys.Order());
        Assert.All(Repository.Alerts, alert =>
        {
            Assert.True(prometheus.Fired[alert.Name] >= _caused[alert.Name], $"{alert.Name} fired before its fault.");
            var took = Stopwatch.GetElapsedTime(_caused[alert.Name], prometheus.Fired[alert.Name]);
            output.WriteLine($"{alert.Name} fired {took.TotalSeconds:0.0} s after its fault.");
            Assert.True(took <= alert.FiresWithin, $"{alert.Name} fired {took} after its fault.");
        });
    }

    private async Task CauseAsync(Func<Task> fault, params string[] alerts)
    {
        foreach (var alert in alerts)
        {
            _caused.TryAdd("Seckill" + alert, Stopwatch.GetTimestamp());
        }

        await fault();
    }

    private static Task<TimeSpan[]> FiredAsync(PrometheusServer prometheus, params string[] alerts) => Task.WhenAll(alerts.Select(alert =>
        Eventually.IsTrueAsync(
            $"{alert} fires", () => prometheus.Fired.ContainsKey("Seckill" + alert), TimeSpan.FromSeconds(80))));

    private static Task ClickAsync(Buyers buyers, ServiceProcess api, int clicks) =>
        Crowd.AllAsync(Enumerable.Range(0, clicks), _ => buyers.ClickAsync(api, buyers.NewUser()));

    // For items that do not exist: each is a question to Redis, and none is a call whose duration another alert looks at.
    private static async Task PressAsync(Buyers buyers, ServiceProcess api, CancellationToken over)
    {
        while (!over.IsCancellationRequested)
        {
            await Crowd.AllAsync(Enumerable.Range(0, 20), _ => buyers.ClickAsync(api, buyers.NewUser(), sku: buyers.NewUser()));
            await Task.Delay(TimeSpan.FromMilliseconds(100), CancellationToken.None);
        }
    }

    // Always under the same id.
    private static async Task PayAsync(Buyers buyers, ServiceProcess api, string orderId, int amount) =>
        Assert.Contains((await buyers.PayAsync(api, "pay-" + orderId, orderId, amount)).Status, (int[])[200, 422]);
}
