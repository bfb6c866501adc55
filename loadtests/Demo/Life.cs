using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Seckill.LoadTests.Client;
using Seckill.Shared.Security;

namespace Seckill.LoadTests.Demo;

/// <summary>
/// A second, small sale with a short time to pay. Its units are sold out at once; then some buyers pay, some cancel, some are never
/// heard of again, and those who came too late buy what comes back.
/// </summary>
/// <param name="deployment">The system.</param>
/// <param name="items">Items on sale.</param>
/// <param name="units">Units of each.</param>
/// <param name="tokens">Signs the buyers' tokens.</param>
public sealed class Life(Deployment deployment, int items, int units, BuyerToken tokens) : IDisposable
{
    private const int SecondsToPay = 4;
    private const int BuyersAtOnce = 32;
    private const int Connections = 512;
    // Of every ten units sold about five come back; four buyers in ten wait for them.
    private const double LatecomersPerUnit = 0.4;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(45);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(400);
    private readonly HttpMessageInvoker _http = StorefrontClient.Connect(Connections);
    private readonly LifeLog _log = new();

    /// <summary>The sale, to be created and opened before <see cref="RunAsync"/>.</summary>
    public Sale Sale { get; } = CreateSale(items, units);

    /// <summary>Runs until every buyer has left. Orders that nobody paid for may still have to expire.</summary>
    public async Task<LifeLog> RunAsync(CancellationToken cancellationToken)
    {
        var client = new OrderLifeClient(_http, deployment.Apis, deployment.PaymentKey);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(s_patience);
        try
        {
            var late = new List<Task>();
            await Parallel.ForEachAsync(
                Enumerable.Range(0, items * units),
                new ParallelOptions { MaxDegreeOfParallelism = BuyersAtOnce, CancellationToken = patience.Token },
                async (number, token) =>
                {
                    if (await BuyAsync(number, Intent(number / items), isSecondHand: false, token) is { } order)
                    {
                        var rest = LiveAsync(client, number, order, token);
                        if (order.Intent == LifeIntent.PayLate)
                        {
                            lock (late)
                            {
                                late.Add(rest);
                            }
                        }
                        else
                        {
                            await rest;
                        }
                    }
                });
            _log.Latecomers = (int)(items * units * LatecomersPerUnit);
            await Task.WhenAll([.. late, .. Enumerable.Range(items * units, _log.Latecomers).Select(async number =>
            {
                if (await BuyAsync(number, LifeIntent.Pay, isSecondHand: true, patience.Token) is { } order)
                {
                    await LiveAsync(client, number, order, patience.Token);
                }
            })]);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            _log.Unfinished.Add($"After {s_patience.TotalSeconds:0} s some buyers still waited for units, for answers or for an expiry.");
        }

        return _log;
    }

    /// <summary>Ends when nothing of the sale is under way any more, or adds to the log what is.</summary>
    public async Task SettleAsync(OpsClient ops, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        IReadOnlyList<LedgerItem> ledger;
        while ((ledger = await ops.LedgerAsync(Sale.SaleId, cancellationToken)).Any(item => item.Reserved + item.Placed > 0))
        {
            if (Stopwatch.GetElapsedTime(started) > s_patience)
            {
                var (reserved, placed) = (ledger.Sum(item => item.Reserved), ledger.Sum(item => item.Placed));
                _log.Unfinished.Add($"{reserved} units are still reserved, {placed} placed.");
                return;
            }

            await Task.Delay(100, cancellationToken);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private static LifeIntent Intent(int number) => (number % 20) switch
    {
        < 8 => LifeIntent.Pay,
        8 => LifeIntent.PayTwice,
        9 => LifeIntent.PayWrong,
        < 14 => LifeIntent.Cancel,
        < 19 => LifeIntent.Leave,
        _ => LifeIntent.PayLate,
    };

    // Sale ids stay within 32 bits because the legacy schema's do.
    private static Sale CreateSale(int items, int units)
    {
        var now = TimeProvider.System.GetUtcNow();
        return new Sale(
            RandomNumberGenerator.GetInt32(1, int.MaxValue), "Demonstration: pay or lose it", now.AddMinutes(-1), now.AddHours(2),
            SecondsToPay, [.. Enumerable.Range(0, items).Select(index => new SaleItem(2001 + index, units, 1, 4999, "EUR"))]);
    }

    private string Authorization(int number) => "Bearer " + tokens.Sign(number + 1, TimeSpan.FromHours(24));

    // Until there is a unit. The key makes a repeated click the same order.
    private async Task<LifeOrder?> BuyAsync(int number, LifeIntent intent, bool isSecondHand, CancellationToken cancellationToken)
    {
        var item = Sale.Items[number % items];
        var (authorization, request) = (Authorization(number), new OrderRequest(Sale.SaleId, item, 1));
        using var storefront = new StorefrontClient(_http, deployment.Apis, cancellationToken);
        while (true)
        {
            var answer = await storefront.PlaceAsync(number % deployment.Apis.Count, authorization, request, "life");
            if (answer.OrderId is { } orderId)
            {
                var order = new LifeOrder(orderId, item.SkuId, intent, isSecondHand);
                _log.Orders.Add(order);
                return order;
            }

            if (answer.Kind == AnswerKind.Refused
                && answer.Code is not (RefusalCode.SoldOut or RefusalCode.Unavailable or RefusalCode.RateLimited))
            {
                _log.Unfinished.Add(string.Create(CultureInfo.InvariantCulture, $"Buyer {number + 1} was refused: {answer.Code}."));
                return null;
            }

            await Task.Delay(s_pause, cancellationToken);
        }
    }

    private async Task LiveAsync(OrderLifeClient client, int number, LifeOrder order, CancellationToken cancellationToken)
    {
        // Whatever the buyer does next, another instance may be asked.
        var api = (number + 1) % deployment.Apis.Count;
        var item = Sale.Find(order.SkuId)!;
        async Task PayAsync(string name, long amount)
        {
            var paymentId = $"{name}-{order.OrderId}";
            order.Payments.Add(
                (paymentId, await client.PayAsync(api, paymentId, order.OrderId, amount, item.Currency, cancellationToken)));
        }

        switch (order.Intent)
        {
            case LifeIntent.Pay:
                await PayAsync("paid", item.UnitPrice);
                break;
            case LifeIntent.PayTwice:
                await PayAsync("paid", item.UnitPrice);
                await PayAsync("again", item.UnitPrice);
                break;
            case LifeIntent.PayWrong:
                await PayAsync("wrong", item.UnitPrice - 1);
                await PayAsync("paid", item.UnitPrice);
                break;
            case LifeIntent.Cancel:
                order.Cancellation = await client.CancelAsync(api, Authorization(number), order.OrderId, cancellationToken);
                break;
            case LifeIntent.PayLate:
                order.Followed = await client.FollowAsync(api, Authorization(number), order.OrderId, cancellationToken);
                await PayAsync("late", item.UnitPrice);
                break;
        }
    }
}
