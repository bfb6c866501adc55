using System.Net;
using Seckill.LoadTests.Books;
using Seckill.LoadTests.Client;

namespace Seckill.LoadTests.Load;

/// <summary>Looks up promised orders as their buyers do, each on the instance after the one that accepted it.</summary>
/// <param name="target">The system.</param>
/// <param name="buyers">By user id.</param>
public sealed class OrderLookUp(LoadTarget target, IReadOnlyDictionary<long, Buyer> buyers)
{
    private const int MaximumOrders = 2_000;
    private const int Concurrency = 16;
    private const int MaximumTries = 40;
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(200);
    private long _unanswered;

    /// <summary>Orders that were looked up and answered.</summary>
    public long Answered { get; private set; }

    /// <summary>Orders whose look-up got no answer.</summary>
    public long Unanswered => _unanswered;

    /// <summary>Looks up all orders, or 2,000 of them, evenly spread.</summary>
    /// <returns>Orders that their buyers cannot see.</returns>
    public async Task<IReadOnlyList<Violation>> RunAsync(IEnumerable<OrderAttempt> promises, CancellationToken cancellationToken)
    {
        var all = promises.ToArray();
        var count = Math.Min(all.Length, MaximumOrders);
        var some = Enumerable.Range(0, count).Select(index => all[(int)((long)index * all.Length / count)]).ToArray();
        var missing = new List<Violation>();
        using var http = StorefrontClient.Connect(Concurrency);
        var options = new ParallelOptions { MaxDegreeOfParallelism = Concurrency, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(some.Chunk(Math.Max(1, count / Concurrency)), options, async (chunk, token) =>
        {
            using var client = new StorefrontClient(http, target.Apis, token);
            foreach (var promise in chunk)
            {
                var orderId = promise.Answer.OrderId!;
                // When many stay without an answer, asking again is no use.
                var tries = Volatile.Read(ref _unanswered) >= Concurrency ? 1 : MaximumTries;
                var api = (promise.Api + 1) % target.Apis.Count;
                var status = await FindAsync(client, api, buyers[promise.UserId].Authorization, orderId, tries, token);
                if (status == HttpStatusCode.NotFound)
                {
                    lock (missing)
                    {
                        missing.Add(new Violation(ViolationKind.Lost, $"GET orders/{orderId} of user {promise.UserId} answers 404"));
                    }
                }
                else if (status != HttpStatusCode.OK)
                {
                    Interlocked.Increment(ref _unanswered);
                }
            }
        });
        Answered = count - _unanswered;
        return missing;
    }

    // The address is still over its rate limit after the run: only 404 means that an order is not there.
    private static async Task<HttpStatusCode?> FindAsync(
        StorefrontClient client, int api, string authorization, string orderId, int tries, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var status = await client.FindOrderAsync(api, authorization, orderId);
            if (status is HttpStatusCode.OK or HttpStatusCode.NotFound || attempt == tries)
            {
                return status;
            }

            await Task.Delay(s_pause, cancellationToken);
        }
    }
}
