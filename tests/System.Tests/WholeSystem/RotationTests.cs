using System.Net.Http.Headers;
using System.Text;
using Seckill.Shared.Security;
using Seckill.Tests.Harness.Clients;
using Seckill.Tests.Harness.Processes;

namespace Seckill.System.Tests.WholeSystem;

/// <summary>
/// Promise: keys change in mid-sale, instance by instance, and no request with a key that is valid at that step is refused. Broken by a key
/// that counts at one instance only, or by a step that drops the old one too early.
/// </summary>
public sealed class RotationTests
{
    private const string New = "the-next-key-of-this-installation-0123456789";
    private static readonly (string, string?) s_drain = ("Stop__DrainMilliseconds", "1500");
    private static readonly (string, string?)[] s_both =
        [("Auth__OtherBuyerTokenKeys__0__Key", New), ("Auth__OtherBuyerTokenKeys__0__Id", "next"), ("Payments__OtherSigningKeys__0", New)];

    private static readonly (string, string?)[] s_new = [("Auth__BuyerTokenKey", New), ("Payments__SigningKey", New)];

    [Fact]
    public async Task Old_then_both_then_new_keys_are_valid_under_load_and_no_valid_request_is_refused()
    {
        await using var installation = new Installation();
        List<ServiceProcess> apis = [installation.StartApi(s_drain), installation.StartApi(s_drain)];
        await Installation.ReadyAsync([.. apis]);
        await using var load = new Load(apis, DevelopmentKeys.BuyerToken, DevelopmentKeys.Payment);
        await load.GoesOnAsync();
        await ReplaceAsync(s_both);
        // Now the signer may change: both are right everywhere.
        load.Add(New, New);
        await load.GoesOnAsync();
        // What the old key still signs is refused from the next step on, so its holders leave first.
        load.Remove(DevelopmentKeys.BuyerToken);
        await load.GoesOnAsync();
        await ReplaceAsync(s_new);
        await load.GoesOnAsync();
        await load.EndsAsync();
        Assert.True(load.Answers.Count > 500);
        Assert.Empty(load.Answers.Where(answer => answer is not (404 or 503)).Distinct());
        Assert.True(load.Answers.Count(answer => answer == 503) <= load.Answers.Count / 50);
        Assert.Equal(401, await load.LookAsync(apis[0], DevelopmentKeys.BuyerToken));
        Assert.Equal(401, await load.PayAsync(apis[0], DevelopmentKeys.Payment));

        async Task ReplaceAsync((string, string?)[] settings)
        {
            for (var i = 0; i < apis.Count; i++)
            {
                var next = installation.StartApi([s_drain, .. settings]);
                await Installation.ReadyAsync(next);
                var old = apis[i];
                load.Use([.. apis[..i], next, .. apis[(i + 1)..]]);
                Assert.Equal(0, await old.StopAsync());
                apis[i] = next;
            }
        }
    }

    /// <summary>Buyers that look for an order, and a provider whose payments are malformed: with a valid key neither gets 401.</summary>
    private sealed class Load : IAsyncDisposable
    {
        private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(20) };
        private readonly CancellationTokenSource _enough = new();
        private readonly Task[] _clients;
        private volatile ServiceProcess[] _apis;
        private volatile (string Token, string Payment)[] _keys;

        public Load(IReadOnlyList<ServiceProcess> apis, string token, string payment)
        {
            (_apis, _keys) = ([.. apis], [(token, payment)]);
            _clients = [.. Enumerable.Range(0, 6).Select(client => Task.Run(() => AskAsync(client)))];
        }

        public global::System.Collections.Concurrent.ConcurrentQueue<int> Answers { get; } = new();

        public void Use(ServiceProcess[] apis) => _apis = apis;

        public void Add(string token, string payment) => _keys = [.. _keys, (token, payment)];

        public void Remove(string token) => _keys = [.. _keys.Where(one => one.Token != token)];

        public async Task GoesOnAsync()
        {
            var before = Answers.Count;
            await Eventually.IsTrueAsync("the load goes on", () => Answers.Count > before + 100);
        }

        public async Task EndsAsync()
        {
            await _enough.CancelAsync();
            await Task.WhenAll(_clients);
        }

        public async Task<int> LookAsync(ServiceProcess api, string key)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(api.Url, "/orders/" + new string('0', 32)));
            request.Headers.Authorization = new AuthenticationHeaderValue(
                "Bearer", new BuyerToken(key, TimeProvider.System).Sign(Random.Shared.NextInt64(1, 1L << 60), TimeSpan.FromMinutes(5)));
            using var answer = await _http.SendAsync(request);
            return (int)answer.StatusCode;
        }

        public async Task<int> PayAsync(ServiceProcess api, string key)
        {
            // Of a currency that no payment has: a right signature gets 400, a wrong one 401, and nothing is recorded.
            const string Body = "{\"paymentId\":\"rotation\",\"orderId\":\"rotation\",\"amount\":1,\"currency\":\"none\"}";
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(api.Url, "/payments"));
            request.Content = new StringContent(Body, Encoding.UTF8, "application/json");
            request.Headers.Add(PaymentSignature.Header, new PaymentSignature(key, TimeProvider.System).Sign(Body));
            using var answer = await _http.SendAsync(request);
            return (int)answer.StatusCode;
        }

        public async ValueTask DisposeAsync()
        {
            await EndsAsync();
            _enough.Dispose();
            _http.Dispose();
        }

        private async Task AskAsync(int client)
        {
            for (var i = client; !_enough.IsCancellationRequested; i++)
            {
                var (apis, keys) = (_apis, _keys);
                var (api, key) = (apis[i % apis.Length], keys[i / 2 % keys.Length]);
                try
                {
                    var payment = i % 3 == 0;
                    var status = payment ? await PayAsync(api, key.Payment) : await LookAsync(api, key.Token);
                    Answers.Enqueue(payment && status == 400 ? 404 : status);
                }
                catch (HttpRequestException)
                {
                    // It was chosen before its replacement, and has ended: no balancer would have.
                }
            }
        }
    }
}
