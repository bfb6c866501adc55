using System.Globalization;
using Seckill.Tests.Harness.Checks;
using Seckill.Tests.Harness.Clients;
using Seckill.Tests.Harness.Processes;

namespace Seckill.System.Tests.WholeSystem;

/// <summary>
/// Promise: reads move from the legacy database to ours user by user, the same on every instance, and nobody ever reads anything
/// wrong. Broken by a share that is drawn anew at each read, by instances that disagree, or by an answer that is not checked.
/// </summary>
public sealed class DualReadTests(StoreConnections servers)
{
    [Fact]
    public async Task Users_read_their_orders_where_share_and_lists_send_them_and_always_the_same()
    {
        await using var site = await Site.OpenAsync(servers, orders: 40);
        var orders = site.Buyers.Accepted.OrderBy(order => order.UserId).ToArray();

        await site.SwitchAsync(new { mode = "dual", readFromNewPercent = 100 });
        Assert.DoesNotContain(true, await site.WhoReadsLegacyAsync(site.Api, orders));
        await site.SwitchAsync(new { readFromNewPercent = 0 });
        await site.LegacyAnswersAsync(site.Api, orders);
        await site.SwitchAsync(new { readFromNewPercent = 50 });
        var half = await site.WhoReadsLegacyAsync(site.Api, orders);
        Assert.InRange(half.Count(one => one), 5, 35);
        Assert.Equal(half, await site.WhoReadsLegacyAsync(site.Other, orders));
        Assert.Equal(half, await site.WhoReadsLegacyAsync(site.Api, orders));

        // The lists go before the share, either way.
        long[] users = [orders[0].UserId, orders[1].UserId];
        await site.SwitchAsync(new { readFromNewPercent = 100, usersReadingLegacy = users });
        Assert.Equal([true, true, false], (await site.WhoReadsLegacyAsync(site.Api, orders)).Take(3));
        await site.SwitchAsync(new { readFromNewPercent = 0, usersReadingLegacy = Array.Empty<long>(), usersReadingNew = users });
        Assert.Equal([false, false, true], (await site.WhoReadsLegacyAsync(site.Other, orders)).Take(3));
    }

    [Fact]
    public async Task A_row_that_differs_is_noted_at_the_read_and_the_buyer_gets_ours()
    {
        // The verifier rests, so that it is not the one who notes them.
        await using var site = await Site.OpenAsync(servers, orders: 5, ("Legacy__RoundPauseMilliseconds", "3600000"));
        await site.SwitchAsync(new { mode = "dual", readFromNewPercent = 0 });
        var orders = site.Buyers.Accepted.ToArray();
        await site.Databases.TheirsAsync("update t_order set order_status = 1 where order_sn = @OrderId", new { orders[0].OrderId });
        await site.Databases.TheirsAsync("delete from t_order where order_sn = @OrderId", new { orders[1].OrderId });

        await Eventually.IsTrueAsync("both differences are noted", async () =>
        {
            foreach (var order in orders)
            {
                Assert.Equal((200, "placed"), await LookAsync(site, order));
            }

            return (await DualDatabases.AskAsync(site.Api, "/discrepancies")).GetArrayLength() == 2;
        });
        Assert.Equal(
            new[] { (orders[0].OrderId, "different", "order_status"), (orders[1].OrderId, "missing", "") }.Order(),
            (await DualDatabases.AskAsync(site.Api, "/discrepancies")).EnumerateArray().Select(found => (
                found.GetProperty("orderId").GetString()!, found.GetProperty("class").GetString()!,
                found.GetProperty("field").GetString()!)).Order());
        var view = await DualDatabases.AskAsync(site.Api);
        Assert.Equal((1, 1), (view.GetProperty("missing").GetInt32(), view.GetProperty("mismatched").GetInt32()));
        await Eventually.IsTrueAsync("the worker's metrics say so", async () =>
        {
            var page = await Site.MetricsAsync(site.Worker);
            return page.Contains("seckill_legacy_open_discrepancies{class=\"missing\"} 1\n", StringComparison.Ordinal)
                && page.Contains("seckill_legacy_open_discrepancies{class=\"different\"} 1\n", StringComparison.Ordinal)
                && page.Contains("seckill_legacy_open_discrepancies{class=\"extra\"} 0\n", StringComparison.Ordinal)
                && page.Contains("seckill_legacy_pending{} 0\n", StringComparison.Ordinal)
                && page.Contains("seckill_legacy_lag_seconds{} 0\n", StringComparison.Ordinal)
                && page.Contains("seckill_legacy_breaker{} 0\n", StringComparison.Ordinal)
                && page.Contains("seckill_legacy_verified_total{} 5\n", StringComparison.Ordinal)
                && page.Contains("seckill_legacy_time_to_verify_seconds_bucket{le=\"3\"} ", StringComparison.Ordinal);
        });
        await site.SwitchAsync(new { mode = "off" });
        await Eventually.IsTrueAsync("what is not in use alarms nobody", async () => (await Site.MetricsAsync(site.Worker))
            .Contains("seckill_legacy_open_discrepancies{class=\"missing\"} 0\n", StringComparison.Ordinal));
        await site.SwitchAsync(new { mode = "dual", readFromNewPercent = 0 });

        var repair = await DualDatabases.AskAsync(site.Api, "/repair", new { dryRun = false }, HttpMethod.Post);
        Assert.All(
            repair.GetProperty("discrepancies").EnumerateArray(), one => Assert.Equal("rewrite", one.GetProperty("action").GetString()));
        // The answer comes after ten seconds at the latest, done or not.
        await Eventually.IsTrueAsync(
            "both are resolved", async () => (await DualDatabases.AskAsync(site.Api, "/discrepancies")).GetArrayLength() == 0);
        await site.LegacyAnswersAsync(site.Api, orders);
    }

    [Fact]
    public async Task An_open_breaker_sends_every_reader_to_ours_and_back_when_it_closes()
    {
        await using var site = await Site.OpenAsync(servers, orders: 10);
        await site.SwitchAsync(new { mode = "dual", readFromNewPercent = 0 });
        var orders = site.Buyers.Accepted.ToArray();
        await site.Databases.TheirsAsync("alter table t_order rename to t_order_elsewhere");

        await Eventually.IsTrueAsync("the breaker answers for the legacy database", async () =>
        {
            foreach (var order in orders)
            {
                Assert.Equal((200, "placed"), await LookAsync(site, order));
            }

            return await Site.CountReadsAsync(site.Api, "breaker") > 0;
        });
        await site.Databases.TheirsAsync("alter table t_order_elsewhere rename to t_order");
        await site.LegacyAnswersAsync(site.Api, orders);
    }

    [Fact]
    public async Task A_mode_that_is_switched_under_load_both_ways_loses_no_order()
    {
        await using var site = await Site.OpenAsync(servers, orders: 5);
        await using var crowd = new Crowd(site.Buyers, site.Api, site.Other);
        foreach (var mode in new[] { "off", "shadow", "dual", "off", "dual", "shadow" })
        {
            await site.SwitchAsync(new { mode, readFromNewPercent = 50 });
            var before = site.Buyers.Accepted.Count();
            await Eventually.IsTrueAsync("the sale goes on", () => site.Buyers.Accepted.Count() > before + 60);
        }

        await DualDatabases.AskAsync(site.Api, "/backfill", method: HttpMethod.Post);
        await crowd.LeavesAsync();
        await Audit.WhenDrainedAsync(site.Databases.Connections, site.Buyers);
        await Eventually.IsTrueAsync("the backfill is finished",
            async () => (await DualDatabases.AskAsync(site.Api, "/backfill")).GetProperty("state").GetString() == "finished");
        // What the verifier met before the backfill did is resolved by it.
        Assert.Equal(site.Buyers.Accepted.Count(), await site.Databases.AgreeAsync(site.Api));
        Assert.All(site.Buyers.Log, attempt => Assert.Equal(202, attempt.Status));
    }

    private static async Task<(int, string?)> LookAsync(Site site, Attempt order)
    {
        var look = await site.Buyers.LookAsync(site.Api, order);
        return (look.Status, look.OrderStatus);
    }

    /// <summary>A sale on two APIs and a worker, some of its orders in both databases.</summary>
    private sealed class Site(Installation installation) : IAsyncDisposable
    {
        private static readonly HttpClient s_http = new() { Timeout = TimeSpan.FromSeconds(20) };

        public DualDatabases Databases { get; private set; } = null!;

        public ServiceProcess Api { get; private set; } = null!;

        public ServiceProcess Other { get; private set; } = null!;

        public ServiceProcess Worker { get; private set; } = null!;

        public Buyers Buyers { get; private set; } = null!;

        public static async Task<Site> OpenAsync(StoreConnections servers, int orders, params (string, string?)[] ofWorker)
        {
            var site = new Site(new Installation());
            try
            {
                await site.StartAsync(servers, ofWorker);
                await site.SellAsync(orders);
                return site;
            }
            catch
            {
                // Nobody else knows its processes yet.
                await site.DisposeAsync();
                throw;
            }
        }

        private async Task StartAsync(StoreConnections servers, (string, string?)[] ofWorker)
        {
            Databases = await installation.CreateDatabasesAsync(servers);
            // Who answers a read must not depend on how busy the machine is.
            (string, string?)[] settings = [.. Databases.SettingsWithoutHaste, ("Legacy__ReadPatienceMilliseconds", "10000")];
            (Api, Other) = (installation.StartApi(settings), installation.StartApi(settings));
            Worker = installation.StartWorker([.. settings, .. ofWorker]);
            var inventory = installation.StartInventory(Databases.Settings);
            await Installation.ReadyAsync(Api, Other, Worker, inventory);
            await Databases.NumberItemsApartAsync();
            await SwitchAsync(new { mode = "shadow" });
            Buyers = new Buyers(await Sale.OpenAsync(inventory, units: 100_000, fitsLegacy: true));
        }

        private async Task SellAsync(int orders)
        {
            await Crowd.AllAsync(Enumerable.Range(0, orders), async _ =>
                Assert.Equal(202, (await Buyers.ClickAsync(Api, Buyers.NewUser())).Status));
            await Eventually.IsTrueAsync("the orders are verified", async () =>
                (await DualDatabases.AskAsync(Api)).GetProperty("verified").GetInt32() >= orders);
        }

        /// <summary>Changes the mode and waits until every process must have seen it.</summary>
        public async Task SwitchAsync(object change)
        {
            await DualDatabases.AskAsync(Api, change: change);
            await DualDatabases.AskAsync(Other, change: change);
        }

        /// <summary>For each order, whether its buyer's read went to the legacy side, whoever answered it there.</summary>
        public async Task<bool[]> WhoReadsLegacyAsync(ServiceProcess api, Attempt[] orders)
        {
            var answers = new List<bool>();
            foreach (var order in orders)
            {
                var before = await CountReadsAsync(api);
                var look = await Buyers.LookAsync(api, order);
                Assert.Equal((200, "placed"), (look.Status, look.OrderStatus));
                answers.Add(await CountReadsAsync(api) > before);
            }

            return [.. answers];
        }

        public static Task<string> MetricsAsync(ServiceProcess service) => s_http.GetStringAsync(new Uri(service.Url, "/metrics"));

        /// <summary>Reads of buyers on the legacy side; only those that this answered, when it is given.</summary>
        public static async Task<double> CountReadsAsync(ServiceProcess api, string by = "")
        {
            var page = await MetricsAsync(api);
            return page.Split('\n')
                .Where(line => line.StartsWith($"seckill_legacy_reads_total{{by=\"{by}", StringComparison.Ordinal))
                .Sum(line => double.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture));
        }

        /// <summary>Waits until the legacy row answers all of these reads: not one of them late, or by the breaker.</summary>
        public Task<TimeSpan> LegacyAnswersAsync(ServiceProcess api, Attempt[] orders) =>
            Eventually.IsTrueAsync("every order is answered by its legacy row", async () =>
            {
                var before = await CountReadsAsync(api, "legacy");
                await WhoReadsLegacyAsync(api, orders);
                return await CountReadsAsync(api, "legacy") - before == orders.Length;
            });

        public async ValueTask DisposeAsync()
        {
            Buyers?.Dispose();
            await installation.DisposeAsync();
        }
    }
}
