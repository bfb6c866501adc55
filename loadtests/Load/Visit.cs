using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Seckill.LoadTests.Engine;

namespace Seckill.LoadTests.Load;

/// <summary>
/// One visitor of a scenario. The latency of the first request counts from the moment at which the visitor was due, that of each other
/// from the end of what came before.
/// </summary>
/// <param name="shop">The storefront.</param>
/// <param name="sale">What is for sale.</param>
/// <param name="buyer">Who.</param>
/// <param name="number">The how manieth visitor, from 0.</param>
/// <param name="dueAt">When the visitor comes (Stopwatch timestamp).</param>
/// <param name="paymentKey">Signs the calls of the payment provider.</param>
public class Visit(Shop shop, LoadSale sale, Buyer buyer, long number, long dueAt, string paymentKey)
{
    private readonly (string, string)[] _headers = [("Authorization", buyer.Authorization)];
    private long _wantedAt = dueAt;
    private bool _hasAsked;

    /// <summary>The how manieth visitor, from 0: what a visitor does may depend on it, and is then the same in each run.</summary>
    public long Number => number;

    /// <summary>Orders.</summary>
    /// <param name="quantity">1 or 2.</param>
    /// <param name="key">Idempotency-Key; null for none.</param>
    /// <param name="item">Any number; items take turns. By the visitor's number when not given.</param>
    public ValueTask<ShopAnswer> OrderAsync(int quantity = 1, string? key = null, long? item = null) => TakeAsync(
        Step.Order, (wantedAt, isArrival) => shop.OrderAsync(buyer, sale.Order(item ?? number, quantity), key, wantedAt, isArrival));

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

    /// <summary>The provider tells of the payment of this visitor's order, as one of <paramref name="quantity"/> units.</summary>
    public ValueTask<ShopAnswer> PayAsync(string orderId, int quantity = 1)
    {
        var item = sale.Order(number, quantity).Item;
        var body = string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"paymentId":"load-{{orderId}}","orderId":"{{orderId}}","amount":{{item.UnitPrice * quantity}},"currency":"EUR"}""");
        var time = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        var hash = HMACSHA256.HashData(Encoding.UTF8.GetBytes(paymentKey), Encoding.UTF8.GetBytes(time + "." + body));
        return AskAsync(new ShopRequest(
            Step.Pay, "payments", [("X-Signature", $"t={time},v1={Convert.ToHexStringLower(hash)}")], Encoding.UTF8.GetBytes(body)));
    }

    /// <summary>Looks at the page, thinks, waits; half of the time up to half as much again, by the visitor's number.</summary>
    public async Task PauseAsync(double seconds)
    {
        await Task.Delay(TimeSpan.FromSeconds(seconds * (0.5 + (number * 7919 % 1000 / 1000.0))));
        _wantedAt = Stopwatch.GetTimestamp();
    }

    /// <summary>Every request passes here.</summary>
    /// <param name="step">Which kind.</param>
    /// <param name="ask">Sends it, told when it was wanted and whether it is the visitor's first.</param>
    protected virtual async ValueTask<ShopAnswer> TakeAsync(Step step, Func<long, bool, ValueTask<ShopAnswer>> ask)
    {
        ArgumentNullException.ThrowIfNull(ask);
        var isArrival = !_hasAsked;
        _hasAsked = true;
        var answer = await ask(_wantedAt, isArrival);
        _wantedAt = Stopwatch.GetTimestamp();
        return answer;
    }

    private ValueTask<ShopAnswer> AskAsync(ShopRequest request) =>
        TakeAsync(request.Step, (wantedAt, isArrival) => shop.AskAsync(request, wantedAt, isArrival));
}
