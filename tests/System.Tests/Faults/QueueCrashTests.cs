using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Seckill.Shared.Security;
using Seckill.Shared.WaitingRoom;
using Seckill.Tests.Harness.Clients;
using Seckill.Tests.Harness.Processes;

namespace Seckill.System.Tests.Faults;

/// <summary>
/// Promise 14, whatever process dies: places survive, the draw is ended by another instance and can be computed again, every unit is sold,
/// and nobody is served ahead of a better place whose owner came. Broken by anything that only one process knows.
/// </summary>
public sealed class QueueCrashTests
{
    private const int Units = 24;
    private const int People = 60;

    // One test asks for all of them, as fast as it can.
    private static readonly (string, string?)[] s_eager = [("RateLimits__UserBurst", "1000"), ("RateLimits__UserPerSecond", "1000")];
    private static readonly HttpClient s_http = new() { Timeout = TimeSpan.FromSeconds(20) };
    private static readonly BuyerToken s_tokens = new(DevelopmentKeys.BuyerToken, TimeProvider.System);
    private readonly long _sale = Random.Shared.NextInt64(1L << 40, 1L << 60);
    private readonly long _firstUser = Random.Shared.NextInt64(1L << 40, 1L << 60);

    [Fact]
    public async Task A_waiting_room_goes_on_and_sells_every_unit_in_the_order_of_its_draw()
    {
        await using var installation = new Installation();
        var failPoint = Path.Combine(Path.GetTempPath(), $"seckill-fail-point-{Guid.NewGuid():N}");
        var doomed = installation.StartApi([.. s_eager, ("SECKILL_FAIL_POINT", failPoint)]);
        var (api, worker, inventory) = (installation.StartApi(s_eager), installation.StartWorker(), installation.StartInventory());
        await Installation.ReadyAsync(doomed, api, worker, inventory);
        await File.WriteAllTextAsync(failPoint, "queue-root-fixed", TestContext.Current.CancellationToken);
        await OpenAsync(inventory);

        var people = Enumerable.Range(0, People).Select(number => _firstUser + number).ToList();
        await Crowd.AllAsync(people, async user =>
        {
            var (status, place) = await AskAsync(user % 2 == 0 ? doomed : api, HttpMethod.Post, "/queue", user);
            Assert.True(status == 202, place.ToString());
        });
        // Another instance has them, too, and nobody has two.
        await Crowd.AllAsync(people, async user => await AskAsync(api, HttpMethod.Post, "/queue", user));
        var receipts = new List<QueueReceipt>();
        foreach (var user in people)
        {
            receipts.Add((await AskAsync(api, HttpMethod.Get, "/queue/receipt", user)).Body.Deserialize(QueueJson.Default.QueueReceipt)!);
        }

        // It dies between the root and the secret.
        await doomed.ExitsAsync();
        var proof = default(QueueProof)!;
        await Eventually.IsTrueAsync("the other instance ends the draw", async () =>
            (proof = (await AskAsync(api, HttpMethod.Get, "/queue/proof", null)).Body.Deserialize(QueueJson.Default.QueueProof)!).Seed
                is not null);
        Assert.Empty(QueueVerifier.Check(new QueueFile(proof, receipts)).Faults);
        var permutation = new QueuePermutation(proof.Seed!, People);
        var positions = receipts.ToDictionary(receipt => receipt.UserId, receipt => permutation.Position(receipt.Index));

        // One in three never comes. While the others buy, the instance that admits is replaced.
        var left = people.Where(user => positions[user] % 3 != 0).ToHashSet();
        var (bought, missed) = (new List<long>(), new HashSet<long>());
        var (from, next, isReady) = (api, default(ServiceProcess), default(Task));
        await Eventually.IsTrueAsync("every unit is sold", async () =>
        {
            if (next is null && bought.Count > 5)
            {
                next = installation.StartApi(s_eager);
                isReady = next.BecomesAsync(200);
            }

            if (isReady is { IsCompleted: true } && from == api)
            {
                await isReady;
                await from.KillAsync();
                from = next!;
            }

            foreach (var user in left.OrderBy(user => positions[user]).ToList())
            {
                var (status, place) = await AskAsync(from, HttpMethod.Get, "/queue", user);
                Assert.True(status is 202 or 503, place.ToString());
                if (status == 202 && place.GetProperty("reason").GetString() == "turn-missed")
                {
                    // The machine was too slow for a test that asks for one after the other.
                    missed.Add(user);
                    left.Remove(user);
                }
                else if (status == 202 && place.GetProperty("pass").GetString() is { } pass && await OrderAsync(from, user, pass) == 202)
                {
                    bought.Add(user);
                    left.Remove(user);
                }
            }

            return bought.Count == Units;
        });
        Assert.InRange(missed.Count, 0, People / 4);
        // Those who come in within the same second may overtake each other at the counter.
        Assert.All(left, user => Assert.InRange(bought.Count(other => positions[other] > positions[user]), 0, 15));

        // Nobody is left waiting.
        await Eventually.IsTrueAsync("everybody is told", async () => (await Task.WhenAll(left.Select(async user =>
            (await AskAsync(from, HttpMethod.Get, "/queue", user)).Body.GetProperty("state").GetString()))).All(state => state == "ended"));
        Assert.Equal(403, await OrderAsync(from, left.First(), null));
    }

    private async Task OpenAsync(ServiceProcess inventory)
    {
        await Operator.AskAsync(inventory, HttpMethod.Post, "/sales", new
        {
            saleId = _sale,
            name = "A queue",
            // Long enough for all to register on a busy machine: afterwards one of the instances is dead.
            opensAt = TimeProvider.System.GetUtcNow().AddSeconds(30),
            closesAt = TimeProvider.System.GetUtcNow().AddHours(1),
            paymentTimeoutSeconds = 3600,
            items = (object[])[new { skuId = _sale, allocated = Units, limitPerUser = 1, unitPrice = 100, currency = "EUR" }],
            waitingRoom = new { passSeconds = 8, admitPerSecond = 10 },
        });
        await Operator.AskAsync(inventory, HttpMethod.Post, string.Create(CultureInfo.InvariantCulture, $"/sales/{_sale}/open"));
    }

    private async Task<int> OrderAsync(ServiceProcess api, long user, string? pass)
    {
        using var request = Request(HttpMethod.Post, new Uri(api.Url, "/orders"), user);
        request.Content = new StringContent(
            string.Create(CultureInfo.InvariantCulture, $$"""{"saleId":{{_sale}},"skuId":{{_sale}},"quantity":1}"""),
            Encoding.UTF8, "application/json");
        request.Headers.Add(SalePass.Header, pass is null ? [] : [pass]);
        using var response = await s_http.SendAsync(request);
        return (int)response.StatusCode;
    }

    private async Task<(int Status, JsonElement Body)> AskAsync(ServiceProcess api, HttpMethod method, string path, long? user)
    {
        using var request = Request(
            method, new Uri(api.Url, string.Create(CultureInfo.InvariantCulture, $"/sales/{_sale}{path}")), user);
        using var response = await s_http.SendAsync(request);
        return ((int)response.StatusCode, JsonSerializer.Deserialize<JsonElement>(await response.Content.ReadAsStringAsync()));
    }

    private static HttpRequestMessage Request(HttpMethod method, Uri uri, long? user)
    {
        var request = new HttpRequestMessage(method, uri);
        if (user is { } buyer)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", s_tokens.Sign(buyer, TimeSpan.FromHours(1)));
        }

        return request;
    }
}
