using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Seckill.LoadTests.Client;
using Seckill.LoadTests.Engine;

namespace Seckill.LoadTests.Load;

/// <summary>
/// One visitor of a scenario. The latency of the first request counts from the moment at which the visitor was due, that of each other
/// from the end of what came before.
/// </summary>
/// <param name="shop">The storefront.</param>
/// <param name="sale">What is for sale.</param>
/// <param name="buyer">The visitor.</param>
/// <param name="number">Zero-based visitor index.</param>
/// <param name="dueAt">When the visitor arrives (Stopwatch timestamp).</param>
/// <param name="paymentKey">Signs the calls of the payment provider.</param>
public sealed class Visit(Shop shop, LoadSale sale, Buyer buyer, long number, long dueAt, string paymentKey)
{
    // As an app does: never without a pause between two tries, and not for ever.
    private static readonly TimeSpan s_shortestPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(5);
    private readonly (string, string)[] _headers = [("Authorization", buyer.Authorization)];
    private long _wantedAt = dueAt;
    private bool _hasAsked;

    /// <summary>Zero-based visitor index. What a visitor does depends on it alone, so that each run does the same.</summary>
    public long Number => number;

    /// <summary>Sees each request of another load generator, which measures in its own way; null for no other measure.</summary>
    public Func<Step, Func<Task<ShopAnswer>>, Task<ShopAnswer>>? Meter { get; set; }

    /// <summary>Index of the API instance that the next requests go to; null for any.</summary>
    public int? Instance { get; set; }

    /// <summary>Orders.</summary>
    /// <param name="quantity">1 or 2.</param>
    /// <param name="key">Idempotency-Key; null for none.</param>
    /// <param name="item">Any number; items take turns. By the visitor's number when not given.</param>
    /// <param name="pass">Of the sale's waiting room; null for none.</param>
    public ValueTask<ShopAnswer> OrderAsync(int quantity = 1, string? key = null, long? item = null, string? pass = null) => TakeAsync(
        Step.Order, (wantedAt, isArrival) => shop.OrderAsync(
            buyer, sale.Order(item ?? number, quantity), key, wantedAt, isArrival, Instance, pass));

    /// <summary>Registers in the waiting room.</summary>
    public Task<QueueAnswer?> RegisterAsync() => QueueAsync(Step.Register);

    /// <summary>Asks for the place in the waiting room.</summary>
    public Task<QueueAnswer?> AskForPlaceAsync() => QueueAsync(Step.Wait);

    /// <summary>What this buyer sees of the waiting room.</summary>
    public QueueLog Queue => sale.Queue!;

    /// <summary>Whose visit it is.</summary>
    public long UserId => buyer.UserId;

    /// <summary>Looks at the sale's page.</summary>
    public ValueTask<ShopAnswer> LookAsync() =>
        AskAsync(new ShopRequest(Step.Look, string.Create(CultureInfo.InvariantCulture, $"sales/{sale.Sale.SaleId}"), []));

    /// <summary>Asks for the status of an order.</summary>
    public ValueTask<ShopAnswer> PollAsync(string orderId) => AskAsync(new ShopRequest(Step.Poll, $"orders/{orderId}", _headers));

    /// <summary>Follows the events of an order until it is paid, cancelled or expired.</summary>
    public ValueTask<ShopAnswer> FollowAsync(string orderId) =>
        AskAsync(new ShopRequest(Step.Follow, $"orders/{orderId}/events", _headers));

    /// <summary>Cancels an order.</summary>
    public ValueTask<ShopAnswer> CancelAsync(string orderId) =>
        AskAsync(new ShopRequest(Step.Cancel, $"orders/{orderId}/cancel", _headers));

    /// <summary>Sends the provider's notification that this visitor's order of <paramref name="quantity"/> units is paid.</summary>
    public ValueTask<ShopAnswer> PayAsync(string orderId, int quantity = 1) =>
        PayAsync(orderId, "load-" + orderId, sale.Order(number, quantity).Item.UnitPrice * quantity);

    /// <summary>Sends a notification of any payment for an order.</summary>
    public ValueTask<ShopAnswer> PayAsync(string orderId, string paymentId, long amount)
    {
        var payment = PaymentNotification.Sign(orderId, paymentId, amount, sale.Order(number, 1).Item.Currency, paymentKey);
        return AskAsync(new ShopRequest(Step.Pay, PaymentNotification.Path, payment.Headers, payment.Body));
    }

    /// <summary>
    /// Sends a request again, to the next instance, while the storefront asks to come back, or the request never left. With an
    /// unknown outcome only when it is safe to send it again: without a key, a second order could be placed.
    /// </summary>
    /// <param name="tries">In all.</param>
    /// <param name="isSafe">True when the request may be repeated after an unknown outcome.</param>
    /// <param name="ask">Sends it.</param>
    public async Task<ShopAnswer> RetryAsync(int tries, bool isSafe, Func<ValueTask<ShopAnswer>> ask)
    {
        ArgumentNullException.ThrowIfNull(ask);
        for (var attempt = 1; ; attempt++)
        {
            var answer = await ask();
            var mayRetry = answer.Outcome.Name
                    is RefusalCode.Unavailable or RefusalCode.Busy or RefusalCode.RateLimited or OrderAnswer.NotSent
                || (isSafe && answer.Outcome.Kind == OutcomeKind.Failed);
            if (!mayRetry || attempt == tries)
            {
                return answer;
            }

            var pause = answer.RetryAfter ?? s_shortestPause;
            await Task.Delay(pause < s_longestPause ? pause : s_longestPause);
            Instance++;
        }
    }

    /// <summary>Waits for 0.5 to 1.5 times <paramref name="seconds"/>, by the visitor's number.</summary>
    public async Task PauseAsync(double seconds)
    {
        await Task.Delay(TimeSpan.FromSeconds(seconds * (0.5 + (number * 7919 % 1000 / 1000.0))));
        _wantedAt = Stopwatch.GetTimestamp();
    }

    /// <summary>Waits for exactly this time.</summary>
    public async Task WaitAsync(TimeSpan time)
    {
        await Task.Delay(time > TimeSpan.Zero ? time : TimeSpan.Zero);
        _wantedAt = Stopwatch.GetTimestamp();
    }

    private async Task<QueueAnswer?> QueueAsync(Step step)
    {
        var path = string.Create(CultureInfo.InvariantCulture, $"sales/{sale.Sale.SaleId}/queue");
        var sentAt = Stopwatch.GetTimestamp();
        var answer = await RetryAsync(5, isSafe: true, () =>
        {
            sentAt = Stopwatch.GetTimestamp();
            return AskAsync(new ShopRequest(step, path, _headers));
        });
        if (answer is not { IsSuccess: true, Text: { } json })
        {
            return null;
        }

        var place = JsonSerializer.Deserialize(json, OpsJson.Default.QueueAnswer)!;
        Queue.Add(buyer.UserId, place, sentAt, Stopwatch.GetTimestamp());
        return place;
    }

    // Sends every request. Takes when it was wanted and whether it is the visitor's first.
    private async ValueTask<ShopAnswer> TakeAsync(Step step, Func<long, bool, ValueTask<ShopAnswer>> ask)
    {
        var isArrival = !_hasAsked;
        _hasAsked = true;
        var answer = Meter is null ? await ask(_wantedAt, isArrival) : await MeterAsync(step, ask, isArrival);
        _wantedAt = Stopwatch.GetTimestamp();
        return answer;
    }

    // Apart, because its closure costs memory.
    private Task<ShopAnswer> MeterAsync(Step step, Func<long, bool, ValueTask<ShopAnswer>> ask, bool isArrival) =>
        Meter!(step, () => ask(_wantedAt, isArrival).AsTask());

    private ValueTask<ShopAnswer> AskAsync(ShopRequest request) =>
        TakeAsync(request.Step, (wantedAt, isArrival) => shop.AskAsync(request, wantedAt, isArrival, Instance));
}
