using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using Seckill.LoadTests.Client;
using Seckill.LoadTests.Engine;
using Recorder = Seckill.LoadTests.Engine.Recorder;

namespace Seckill.LoadTests.Demo;

/// <summary>
/// Lets a crowd into a sale, a fixed number of buyers at a time: a closed loop of the engine that also sends load tests.
/// Each buyer's clicks are sequential; a second click goes to another API instance.
/// </summary>
/// <param name="http">Shared connections.</param>
/// <param name="apis">The API instances.</param>
/// <param name="scoreboard">Kept up to date while the rush is on.</param>
public sealed class Rush(HttpMessageInvoker http, IReadOnlyList<Uri> apis, Scoreboard scoreboard)
{
    private const int MaximumRetries = 3;
    private const int AcceptsPerPoll = 50;
    private static readonly TimeSpan s_defaultPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(5);

    private readonly ConcurrentQueue<OrderAttempt> _log = new();
    private readonly ConcurrentQueue<OrderPoll> _polls = new();
    private int _accepts;

    /// <summary>Stopwatch timestamp at which the first buyer came in.</summary>
    public long StartedAt { get; private set; }

    /// <summary>How long the rush took.</summary>
    public TimeSpan Duration { get; private set; }

    /// <summary>Orders that were looked up by their buyer right after the 202, on another instance.</summary>
    public IReadOnlyCollection<OrderPoll> Polls => _polls;

    /// <summary>Every attempt, once <see cref="RunAsync"/> has returned.</summary>
    public IReadOnlyList<OrderAttempt> Log => [.. _log];

    /// <summary>
    /// Opens the connections and lets the services compile their road, outside the measurement, by asking
    /// for an item that is not for sale.
    /// </summary>
    /// <returns>What is wrong with the answers, or null. Anything but <c>unknown-item</c> is wrong.</returns>
    public async Task<string?> KnockAsync(int connections, OrderRequest absent, string authorization, CancellationToken cancellationToken)
    {
        const int KnocksPerConnection = 8;
        var answers = await Task.WhenAll(Enumerable.Range(0, connections).Select(async _ =>
        {
            using var storefront = new StorefrontClient(http, apis, cancellationToken);
            var answer = default(OrderAnswer);
            for (var knock = 0; knock < KnocksPerConnection * apis.Count && !cancellationToken.IsCancellationRequested; knock++)
            {
                answer = await storefront.PlaceAsync(knock % apis.Count, authorization, absent, null);
                if (answer.Code is not (RefusalCode.UnknownItem or RefusalCode.Unavailable or RefusalCode.RateLimited))
                {
                    return string.Create(CultureInfo.InvariantCulture, $"API {knock % apis.Count}: {answer.Code} {answer.Departure}");
                }
            }

            return null;
        }));
        return Array.Find(answers, answer => answer is not null);
    }

    /// <summary>Runs until every buyer has left, or until cancelled.</summary>
    public async Task RunAsync(IReadOnlyList<DemoBuyer> buyers, int connections, CancellationToken cancellationToken)
    {
        using var pool = new ClientPool(apis, connections, StorefrontClient.RequestTimeout, cancellationToken);
        var engine = new LoadEngine(new Recorder(), async (number, _) =>
        {
            // As many clients as buyers at a time: one is free.
            var rented = await pool.WaitAsync();
            try
            {
                await ServeAsync(rented!.Value.Client, buyers[(int)number], (int)(number % apis.Count), cancellationToken);
            }
            finally
            {
                pool.Return(rented!.Value);
            }
        });
        StartedAt = Stopwatch.GetTimestamp();
        await engine.RunClosedAsync(connections, TimeSpan.MaxValue, TimeSpan.Zero, cancellationToken, most: buyers.Count);
        Duration = Stopwatch.GetElapsedTime(StartedAt);
        engine.ThrowIfBroken();
    }

    private async Task ServeAsync(StorefrontClient storefront, DemoBuyer buyer, int api, CancellationToken cancellationToken)
    {
        foreach (var click in buyer.Clicks)
        {
            var (answer, answeredBy) = await InsistAsync(storefront, buyer, click, api, cancellationToken);
            api = (answeredBy + 1) % apis.Count;
            if (answer.Kind == AnswerKind.Accepted && Interlocked.Increment(ref _accepts) % AcceptsPerPoll == 0)
            {
                var status = await storefront.FindOrderAsync(api, buyer.Authorization, answer.OrderId!);
                _polls.Enqueue(new OrderPoll(answer.OrderId!, api, status));
            }
        }
    }

    // A 503 or 429 asks to come back, and what was never sent can be sent elsewhere at once. An unknown outcome may be retried
    // only under a key: without one it could become a second order.
    private async Task<(OrderAnswer Answer, int Api)> InsistAsync(
        StorefrontClient storefront, DemoBuyer buyer, Click click, int api, CancellationToken cancellationToken)
    {
        for (var retry = 0; ; retry++)
        {
            var started = Stopwatch.GetTimestamp();
            var answer = await storefront.PlaceAsync(api, buyer.Authorization, click.Request, click.Key);
            _log.Enqueue(new OrderAttempt(buyer.UserId, click.Request, click.Key, api, started, Stopwatch.GetTimestamp(), answer));
            scoreboard.Count(answer);
            var mayRetry = answer.Code is RefusalCode.Unavailable or RefusalCode.RateLimited or OrderAnswer.NotSent
                || (answer.Kind == AnswerKind.Unknown && click.Key is not null);
            if (!mayRetry || retry == MaximumRetries || cancellationToken.IsCancellationRequested)
            {
                return (answer, api);
            }

            var isNextOneFresh = answer.Code == OrderAnswer.NotSent && retry + 1 < apis.Count;
            var pause = isNextOneFresh ? TimeSpan.Zero : answer.RetryAfter ?? s_defaultPause;
            await Task.Delay(pause < s_longestPause ? pause : s_longestPause, cancellationToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            api = (api + 1) % apis.Count;
        }
    }

    /// <summary>Looks up accepted orders on the instance after the one that accepted them.</summary>
    public async Task PollAsync(
        IEnumerable<OrderAttempt> accepted, IReadOnlyList<DemoBuyer> buyers, CancellationToken cancellationToken)
    {
        using var storefront = new StorefrontClient(http, apis, cancellationToken);
        foreach (var attempt in accepted)
        {
            var api = (attempt.Api + 1) % apis.Count;
            var authorization = buyers[(int)attempt.UserId - 1].Authorization;
            var status = await storefront.FindOrderAsync(api, authorization, attempt.Answer.OrderId!);
            _polls.Enqueue(new OrderPoll(attempt.Answer.OrderId!, api, status));
        }
    }
}
