using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Seckill.LoadTests.Books;
using Seckill.LoadTests.Client;
using Seckill.LoadTests.Engine;
using Seckill.LoadTests.Load;

namespace Seckill.LoadTests.Demo;

/// <summary>
/// The second part of the demo: a small sale with a short time to pay. It is sold out at once; then some buyers pay, some cancel, some do
/// nothing, and latecomers buy the units that come back.
/// </summary>
public sealed class Life
{
    private const int VisitorsPerSecond = 400;
    private const int UnitPrice = 4_999;
    private const int Tries = 20;
    // About half of the units come back, so every latecomer gets one.
    private const double LatecomersPerUnit = 0.4;
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(45);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(400);
    private readonly int _units;
    private long _startedAt;
    private int _boughtAgain;

    /// <param name="items">Items on sale.</param>
    /// <param name="stock">Units of each.</param>
    public Life(int items, int stock)
    {
        _units = items * stock;
        Latecomers = (int)(_units * LatecomersPerUnit);
        var visitors = _units + Latecomers;
        Settings = new LoadSettings
        {
            Items = items, Stock = stock, PaymentTimeoutSeconds = 4, Connections = 160, WarmUpSeconds = 0, TimeoutSeconds = 30,
            Buyers = visitors,
        };
        Scenario = new Scenario(
            "pay or lose it", "orders that are paid, cancelled, or expire", Settings,
            _ => [new Phase(VisitorsPerSecond, VisitorsPerSecond, (double)visitors / VisitorsPerSecond)], VisitAsync)
        {
            Item = (index, item) => item with { SkuId = 2001 + index, UnitPrice = UnitPrice },
        };
    }

    /// <summary>The scenario, for <see cref="SaleRun"/>.</summary>
    public Scenario Scenario { get; }

    /// <summary>Its size.</summary>
    public LoadSettings Settings { get; }

    /// <summary>Accepted orders, and every answer about them.</summary>
    public ConcurrentBag<OrderHistory> Orders { get; } = [];

    /// <summary>Buyers who arrive when everything is sold.</summary>
    public int Latecomers { get; }

    /// <summary>Orders of latecomers.</summary>
    public int BoughtAgain => _boughtAgain;

    /// <summary>Buyers who did not get what they came for.</summary>
    public ConcurrentBag<Violation> Violations { get; } = [];

    private async Task VisitAsync(Visit visit)
    {
        Interlocked.CompareExchange(ref _startedAt, Stopwatch.GetTimestamp(), 0);
        visit.Instance = (int)visit.Number;
        if (await BuyAsync(visit) is not { } orderId)
        {
            return;
        }

        var order = new OrderHistory(orderId);
        Orders.Add(order);
        // The next request may go to any instance.
        visit.Instance++;
        var isLate = visit.Number >= _units;
        _ = isLate ? Interlocked.Increment(ref _boughtAgain) : 0;
        switch (isLate ? 0 : visit.Number / Settings.Items % 20)
        {
            case < 8:
                await PayAsync(visit, order, "paid");
                break;
            case 8:
                await PayAsync(visit, order, "paid");
                await PayAsync(visit, order, "again");
                break;
            case 9:
                await PayAsync(visit, order, "wrong", UnitPrice - 1);
                await PayAsync(visit, order, "paid");
                break;
            case < 14:
                var answer = await visit.RetryAsync(Tries, isSafe: true, () => visit.CancelAsync(orderId));
                order.Cancellation = answer.Text ?? answer.Outcome.Name;
                break;
            case 19:
                order.IsFollowed = true;
                order.Followed = (await visit.RetryAsync(Tries, isSafe: true, () => visit.FollowAsync(orderId))).Text;
                await PayAsync(visit, order, "late");
                break;
        }
    }

    // Until there is a unit. The key makes a repeated click the same order.
    private async Task<string?> BuyAsync(Visit visit)
    {
        while (Stopwatch.GetElapsedTime(_startedAt) < s_timeout)
        {
            var answer = await visit.OrderAsync(key: "life");
            if (answer.Text is { } orderId)
            {
                return orderId;
            }

            if (answer.Outcome.Kind == OutcomeKind.Refused
                && answer.Outcome.Name
                    is not (RefusalCode.SoldOut or RefusalCode.Unavailable or RefusalCode.Busy or RefusalCode.RateLimited))
            {
                Complain(visit, $"was refused: {answer.Outcome}");
                return null;
            }

            await Task.Delay(s_pause);
        }

        Complain(visit, $"got no unit within {s_timeout.TotalSeconds:0} s");
        return null;
    }

    private static async Task PayAsync(Visit visit, OrderHistory order, string name, long amount = UnitPrice)
    {
        var paymentId = $"{name}-{order.OrderId}";
        var answer = await visit.RetryAsync(Tries, isSafe: true, () => visit.PayAsync(order.OrderId, paymentId, amount));
        order.Payments.Add((paymentId, answer.Text ?? answer.Outcome.Name));
    }

    private void Complain(Visit visit, FormattableString what) => Violations.Add(new Violation(
        ViolationKind.WrongAnswer, $"Buyer {visit.Number + 1} {what.ToString(CultureInfo.InvariantCulture)}"));
}
