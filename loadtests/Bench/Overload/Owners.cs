using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Seckill.LoadTests.Client;
using Seckill.LoadTests.Engine;
using Seckill.Shared.Security;

namespace Seckill.LoadTests.Bench.Overload;

/// <summary>
/// Buyers who had an order before the crowd came: they repeat their click by its key, look at the order, and pay for it. They have
/// connections of their own, so that they never stand in line behind the crowd before they have asked.
/// </summary>
public sealed class Owners : IDisposable
{
    private const int Count = 200;
    private const int Connections = 16;
    private const string Currency = "EUR";
    private const long Price = 19_900;
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan s_quiet = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_longestRecovery = TimeSpan.FromSeconds(30);
    private readonly ConcurrentQueue<string> _wrong = new();
    private readonly Recorder _recorder = new();
    private readonly ClientPool _pool;
    private readonly Shop _shop;
    private readonly OrderRequest _order;
    private readonly Buyer[] _buyers;
    private readonly string[] _orders = new string[Count];
    private readonly string _paymentKey;
    private readonly int _firstStranger;

    /// <param name="api">The storefront.</param>
    /// <param name="sale">What they bought.</param>
    /// <param name="tokens">Of all buyers; theirs are the last.</param>
    /// <param name="paymentKey">Signs as the provider.</param>
    /// <param name="cancellationToken">Ends the requests under way.</param>
    public Owners(Uri api, Sale sale, IReadOnlyList<string> tokens, string paymentKey, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(sale);
        _order = new OrderRequest(sale.SaleId, sale.Items[0], 1);
        _paymentKey = paymentKey;
        _firstStranger = tokens.Count - (2 * Count);
        _buyers = [.. tokens.Select((token, index) => new Buyer(index + 1, "Bearer " + token))];
        _pool = new ClientPool([api], Connections, s_timeout, cancellationToken);
        _shop = new Shop(_pool, _recorder);
    }

    /// <summary>Orders that were made here.</summary>
    public long Accepted { get; private set; }

    /// <summary>Requests of those who have an order.</summary>
    public long Asked { get; private set; }

    /// <summary>Those among them that were refused for the load.</summary>
    public long Shed { get; private set; }

    /// <summary>Answers that they must not get.</summary>
    public IReadOnlyCollection<string> Wrong => _wrong;

    /// <summary>99th percentile of their answers.</summary>
    public double P99Milliseconds { get; private set; }

    /// <summary>They order, before the crowd comes.</summary>
    public async Task OrderAsync()
    {
        for (var i = 0; i < Count; i++)
        {
            var answer = await ClickAsync(i);
            _orders[i] = answer.Text ?? throw new InvalidOperationException($"An order before the crowd was refused: {answer.Outcome}.");
            Accepted++;
        }
    }

    /// <summary>They ask until the crowd has gone.</summary>
    public async Task AskAsync(CancellationToken over)
    {
        for (var i = 0; !over.IsCancellationRequested; i++)
        {
            var owner = i / 3 % Count;
            var answer = (i % 3) switch
            {
                0 => await ClickAsync(owner),
                1 => await PayAsync(_orders[owner]),
                _ => await _shop.AskAsync(
                    new ShopRequest(Step.Poll, "orders/" + _orders[owner], [("Authorization", Owner(owner).Authorization)]),
                    Stopwatch.GetTimestamp(), isArrival: true),
            };
            Asked++;
            Shed += answer.Outcome.Name == RefusalCode.Busy ? 1 : 0;
            if (i % 3 == 0 && answer.IsSuccess && answer.Text != _orders[owner])
            {
                _wrong.Enqueue($"The repetition of order {_orders[owner]} made order {answer.Text}.");
            }

            await Task.Delay(s_pause, over).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        P99Milliseconds = _recorder.Total.Latency().Percentile(99) / 1000.0;
    }

    /// <summary>New clicks, after the crowd, until none was refused for a while.</summary>
    /// <returns>From now to the last refusal.</returns>
    public async Task<TimeSpan> RecoverAsync()
    {
        var (startedAt, last) = (Stopwatch.GetTimestamp(), TimeSpan.Zero);
        for (var i = 0; Stopwatch.GetElapsedTime(startedAt) is var now && now - last < s_quiet && now < s_longestRecovery; i++)
        {
            var answer = await _shop.OrderAsync(
                _buyers[_firstStranger + (i % Count)], _order, null, Stopwatch.GetTimestamp(), isArrival: true);
            Accepted += answer.Outcome == Outcome.Accepted ? 1 : 0;
            last = answer.Outcome.Name is RefusalCode.Busy or RefusalCode.Unavailable ? Stopwatch.GetElapsedTime(startedAt) : last;
            await Task.Delay(s_pause);
        }

        return last;
    }

    /// <inheritdoc/>
    public void Dispose() => _pool.Dispose();

    private Buyer Owner(int number) => _buyers[^(number + 1)];

    private ValueTask<ShopAnswer> ClickAsync(int owner) => _shop.OrderAsync(
        Owner(owner), _order, string.Create(CultureInfo.InvariantCulture, $"click-{owner}"), Stopwatch.GetTimestamp(), isArrival: true);

    private ValueTask<ShopAnswer> PayAsync(string orderId)
    {
        var body = string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"paymentId":"load-{{orderId}}","orderId":"{{orderId}}","amount":{{Price}},"currency":"{{Currency}}"}""");
        return _shop.AskAsync(
            new ShopRequest(
                Step.Pay, "payments", [("X-Signature", new PaymentSignature(_paymentKey, TimeProvider.System).Sign(body))],
                Encoding.UTF8.GetBytes(body)),
            Stopwatch.GetTimestamp(), isArrival: true);
    }
}
