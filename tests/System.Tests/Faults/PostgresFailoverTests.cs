using System.Collections.Concurrent;
using System.Diagnostics;
using Dapper;
using Seckill.Tests.Harness.Checks;
using Seckill.Tests.Harness.Clients;
using Seckill.Tests.Harness.Processes;

namespace Seckill.System.Tests.Faults;

/// <summary>
/// Promise: with a standby that has every commit, the loss of the primary of PostgreSQL is an outage of seconds, whatever is under way:
/// no order is lost or quarantined, no payment is refused or taken twice, and no answer is 500. Broken by a failure of the failover that
/// counts as a fault of the order, and by a process that looks for the primary too rarely. Mutants: the first host alone; pools that do not
/// forget.
/// </summary>
public sealed class PostgresFailoverTests(ITestOutputHelper output)
{
    [Fact]
    public async Task The_primary_dies_and_its_standby_takes_over_while_orders_are_placed_paid_and_cancelled()
    {
        await using var redis = await OwnRedis.StartAsync("--save", "");
        await using var primary = await OwnPostgres.StartAsync();
        await primary.CreateDatabaseAsync("seckill");
        await using var standby = await primary.StartStandbyAsync();
        // The standby first, as it is after an earlier failover. What is known of the hosts would do for an hour, so only a process that
        // forgets it finds the new primary.
        var orders = $"Host={standby.Address},{primary.Address};Username=postgres;Database=seckill;Host Recheck Seconds=3600";
        await using var stores = new StoreConnections(redis.Address, orders + ";Target Session Attributes=primary;Host Recheck Seconds=1");
        (string, string?)[] settings = [(Servers.RedisSetting, redis.Address), (Servers.OrdersSetting, orders)];
        await using var installation = new Installation();
        var (api, worker) = (installation.StartApi(settings), installation.StartWorker(settings));
        var inventory = installation.StartInventory(settings);
        await Installation.ReadyAsync(api, worker, inventory);
        var sale = await Sale.OpenAsync(inventory, units: 100_000);
        using var buyers = new Buyers(sale);
        await using var crowd = new Crowd(buyers, api);
        await using var payers = new Payers(buyers, api);
        await Eventually.IsTrueAsync("orders are paid and cancelled", () => payers.Done.Count > 60);

        await primary.KillAsync();
        await Eventually.IsTrueAsync("payments wait", () => payers.Answers.Any(answer => answer.Status == 503));
        await standby.PromoteAsync();
        var promoted = Stopwatch.GetTimestamp();
        var done = payers.Done.Count;
        await Eventually.IsTrueAsync("payments are taken again", () => payers.Done.Count > done + 2);
        output.WriteLine($"Payments were taken {Stopwatch.GetElapsedTime(promoted).TotalSeconds:0.0} s after the promotion.");
        await Eventually.IsTrueAsync("the sale goes on", () => payers.Done.Count > done + 60);
        await crowd.LeavesAsync();
        await payers.EndAsync();

        await Audit.WhenRebuiltAsync(stores, buyers);
        Assert.DoesNotContain(buyers.Log, attempt => attempt.Status is not (202 or 503));
        Assert.All(payers.Answers, answer => Assert.Contains(
            answer, (Answer[])[new(200, "accepted"), new(200, "duplicate"), new(200, "cancelled"), new(503, "unavailable")]));
        var books = await Books.ReadAsync(stores, sale, sale.Skus[0]);
        Assert.Equal(0, books.Quarantined);
        var status = books.Rows.ToDictionary(row => row.OrderId, row => row.Status);
        Assert.All(payers.Done, order => Assert.Equal(order.Value, status[order.Key]));
        await using var database = await stores.Orders.OpenConnectionAsync();
        Assert.Equal(0, await database.ExecuteScalarAsync<int>("select count(*) from refunds"));
        Assert.Equal(
            payers.Done.Values.Count(one => one == "paid"), await database.ExecuteScalarAsync<int>("select count(*) from payments"));
    }

    /// <summary>Pays some orders and cancels others, each until the answer is definite.</summary>
    private sealed class Payers : IAsyncDisposable
    {
        private readonly CancellationTokenSource _enough = new();
        private readonly Task[] _all;

        public Payers(Buyers buyers, ServiceProcess api) =>
            _all = [.. Enumerable.Range(0, 4).Select(at => Task.Run(() => ActAsync(buyers, api, at)))];

        public ConcurrentQueue<Answer> Answers { get; } = new();

        /// <summary>Order to paid or cancelled.</summary>
        public ConcurrentDictionary<string, string> Done { get; } = new();

        public async Task EndAsync()
        {
            await _enough.CancelAsync();
            await Task.WhenAll(_all).InTime();
        }

        public async ValueTask DisposeAsync()
        {
            await _enough.CancelAsync();
            _enough.Dispose();
        }

        private async Task ActAsync(Buyers buyers, ServiceProcess api, int at)
        {
            for (var next = at; !_enough.IsCancellationRequested; next += 4)
            {
                Attempt? order = null;
                await Eventually.IsTrueAsync("an order comes", () =>
                    _enough.IsCancellationRequested || (order = buyers.Accepted.ElementAtOrDefault(next)) is not null);
                if (order is null)
                {
                    return;
                }

                var cancels = next % 5 == 0;
                Answer answer;
                do
                {
                    answer = cancels
                        ? await buyers.CancelAsync(api, order.UserId, order.OrderId)
                        : await buyers.PayAsync(api, order.OrderId, order.OrderId, Sale.UnitPrice);
                    Answers.Enqueue(answer);
                    await Task.Delay(50);
                }
                while (answer.Status != 200);

                Done[order.OrderId] = cancels ? "cancelled" : "paid";
            }
        }
    }
}
