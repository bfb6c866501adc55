
using Seckill.Tests.Harness.Checks;
using Seckill.Tests.Harness.Clients;
using Seckill.Tests.Harness.Processes;

namespace Seckill.System.Tests.Faults;

/// <summary>
/// Promise: without Redis nothing is confirmed, everybody is answered soon and told that trying again is safe, and trying again with
/// the same key finds what was reserved in the dark. Broken by a client library that never gives up or never comes back, and by a
/// request that takes effect after its buyer was turned away. The relay delivers late what was sent into a freeze, as networks do.
/// </summary>
public sealed class RedisOutageTests(StoreConnections servers, ITestOutputHelper output)
{
    [Theory]
    [InlineData("refused")]
    [InlineData("frozen")]
    public async Task Without_Redis_buyers_are_turned_away_at_once_and_nothing_is_lost(string how)
    {
        await using var installation = new Installation();
        var redis = installation.RelayToRedis();
        (string, string?)[] settings = [redis.Setting, Installation.ProductTimeout];
        var (api, other) = (installation.StartApi(settings), installation.StartApi(settings));
        var (worker, inventory) = (installation.StartWorker(redis.Setting), installation.StartInventory(redis.Setting));
        await Installation.ReadyAsync(api, other, worker, inventory);
        var sale = await Sale.OpenAsync(inventory, units: 100_000);
        using var buyers = new Buyers(sale);
        await using var crowd = new Crowd(buyers, api, other);
        await Eventually.IsTrueAsync("the sale goes on", () => buyers.Accepted.Count() > 100);

        if (how == "refused")
        {
            redis.Refuse();
        }
        else
        {
            redis.Freeze();
        }

        var gone = await Task.WhenAll(api.BecomesAsync(503), other.BecomesAsync(503));
        var refusals = await Task.WhenAll(Enumerable.Range(0, 50).Select(number =>
            buyers.ClickAsync(number % 2 == 0 ? api : other, buyers.NewUser(), Buyers.NewKey())));
        Assert.All(refusals, refusal => Assert.Equal((503, "unavailable", true), (refusal.Status, refusal.Code, refusal.HasRetryAfter)));

        redis.Resume();
        var back = await Task.WhenAll(api.BecomesAsync(200), other.BecomesAsync(200));
        var before = buyers.Accepted.Count();
        await Eventually.IsTrueAsync("the sale goes on", () => buyers.Accepted.Count() > before + 100);
        await crowd.LeavesAsync();
        await Crowd.AllAsync(refusals, refusal => buyers.InsistAsync([other, api], refusal.UserId, refusal.Key));
        await Installation.ReadyAsync(worker, inventory);
        await Audit.WhenDrainedAsync(servers, buyers);

        output.WriteLine(
            $"Redis {how}: not ready after {gone.Max(one => one.Waited)}, slowest refusal {refusals.Max(one => one.Took)}, "
            + $"ready {back.Max(one => one.Waited)} after its return.");
    }

    [Fact]
    public async Task A_reservation_that_takes_effect_after_its_buyer_was_turned_away_is_found_by_the_retry()
    {
        await using var installation = new Installation();
        var redis = installation.RelayToRedis();
        var (cut, well) = (installation.StartApi(redis.Setting, Installation.ProductTimeout), installation.StartApi());
        var (worker, inventory) = (installation.StartWorker(), installation.StartInventory());
        await Installation.ReadyAsync(cut, well, worker, inventory);
        var sale = await Sale.OpenAsync(inventory, units: 50);
        using var buyers = new Buyers(sale);
        await buyers.ClickAsync(cut, buyers.NewUser());

        // Redis hears every request and its answers are swallowed.
        redis.Freeze(toServer: false);
        var refused = await Task.WhenAll(Enumerable.Range(0, 49).Select(_ => buyers.ClickAsync(cut, buyers.NewUser(), Buyers.NewKey())));
        Assert.All(refused, refusal => Assert.Equal(503, refusal.Status));
        await Eventually.IsTrueAsync("something was reserved in the dark",
            async () => (await Books.ReadAsync(servers, sale, sale.Skus[0])).Held > 1);

        await Crowd.AllAsync(refused, async refusal =>
            Assert.Equal(202, (await buyers.InsistAsync([well], refusal.UserId, refusal.Key)).Status));
        redis.Resume();
        await cut.BecomesAsync(200);
        await Audit.WhenDrainedAsync(servers, buyers);
        Assert.Equal(50, await Books.CountRowsAsync(servers, sale));
    }

    [Fact]
    public async Task A_connection_to_Redis_that_died_in_silence_is_replaced()
    {
        await using var installation = new Installation();
        var redis = installation.RelayToRedis();
        var (api, worker) = (installation.StartApi(redis.Setting, Installation.ProductTimeout), installation.StartWorker(redis.Setting));
        var inventory = installation.StartInventory();
        await Installation.ReadyAsync(api, worker, inventory);
        var sale = await Sale.OpenAsync(inventory, units: 100_000);
        using var buyers = new Buyers(sale);
        await buyers.ClickAsync(api, buyers.NewUser());

        redis.Abandon();
        var gone = await api.BecomesAsync(503);
        var back = await api.BecomesAsync(200);

        Assert.Equal(202, (await buyers.InsistAsync([api], buyers.NewUser())).Status);
        await worker.BecomesAsync(200);
        await Audit.WhenDrainedAsync(servers, buyers);
        output.WriteLine($"A silent connection to Redis: not ready after {gone.Waited}, replaced {back.Waited} later.");
    }

    [Fact]
    public async Task Services_that_start_while_Redis_is_away_are_ready_when_it_comes()
    {
        await using var installation = new Installation();
        var redis = installation.RelayToRedis();
        redis.Refuse();
        var (api, worker) = (installation.StartApi(redis.Setting, Installation.ProductTimeout), installation.StartWorker(redis.Setting));
        var inventory = installation.StartInventory(redis.Setting);
        await Task.WhenAll(api.BecomesAsync(503), worker.BecomesAsync(503), inventory.BecomesAsync(503));

        redis.Resume();

        await Installation.ReadyAsync(api, worker, inventory);
        var sale = await Sale.OpenAsync(inventory, units: 10);
        using var buyers = new Buyers(sale);
        Assert.Equal(202, (await buyers.InsistAsync([api], buyers.NewUser())).Status);
        await Audit.WhenDrainedAsync(servers, buyers);
    }
}
