using System.Collections.Concurrent;
using Seckill.OrderService.Orders;

namespace Seckill.OrderService.Payments;

/// <summary>
/// Asks the payment provider for the payments of orders whose time to pay is over, before they expire: a notification may be lost. An
/// order that it knows is paid; one that it does not know expires at once; without an answer it expires when the grace is over, by the
/// worker. One process asks at a time; it holds a lease in PostgreSQL, and without one no order waits.
/// </summary>
internal sealed partial class PaymentSearch(
    IPaymentProvider provider, PaymentStore payments, OrderClosing orders, IOptions<PaymentOptions> options, TimeProvider clock,
    ILogger<PaymentSearch> logger) : PeriodicService(clock)
{
    private const int OrdersAtOnce = 200;

    // A provider that is down is not asked for each order.
    private const int MostFailures = 3;
    private static readonly Meter s_meter = new("Seckill");
    private static readonly Counter<long> s_asked = s_meter.CreateCounter<long>(
        "seckill.payments.asked", "{order}", "Overdue orders for which the payment provider was asked, by outcome.");

    private readonly Guid _owner = Guid.NewGuid();
    private bool _isMoreOverdue;

    protected override TimeSpan Interval => TimeSpan.FromMilliseconds(500);

    protected override async Task RunRoundAsync(CancellationToken stoppingToken)
    {
        _isMoreOverdue = false;
        if (!await payments.TryTakeSearchAsync(_owner, options.Value.FindGraceSeconds, stoppingToken))
        {
            return;
        }

        var overdue = await payments.OverdueAsync(OrdersAtOnce, stoppingToken);
        var (unpaid, failures) = (new ConcurrentBag<string>(), new ConcurrentQueue<Exception>());
        await Parallel.ForEachAsync(
            overdue,
            new ParallelOptions { MaxDegreeOfParallelism = options.Value.FindConcurrency, CancellationToken = stoppingToken },
            async (orderId, token) =>
            {
                if (failures.Count >= MostFailures)
                {
                    return;
                }

                try
                {
                    if (await provider.FindAsync(orderId, token) is not { } payment)
                    {
                        s_asked.Add(1, Outcome("none"));
                        unpaid.Add(orderId);
                    }
                    else if (await payments.ApplyAsync(payment, token) == PaymentOutcome.Accepted)
                    {
                        s_asked.Add(1, Outcome("found"));
                        LogFound(orderId, payment.PaymentId!);
                    }
                    else
                    {
                        // It is listed for refund.
                        s_asked.Add(1, Outcome("unusable"));
                        unpaid.Add(orderId);
                    }
                }
                catch (Exception exception) when (exception is HttpRequestException or TimeoutException)
                {
                    s_asked.Add(1, Outcome("no-answer"));
                    failures.Enqueue(exception);
                }
            });
        await orders.ExpireAsync([.. unpaid], stoppingToken);
        _isMoreOverdue = overdue.Count == OrdersAtOnce && failures.IsEmpty;
        if (failures.TryPeek(out var failure))
        {
            throw failure;
        }
    }

    protected override TimeSpan PauseAfter(TimeSpan round) => _isMoreOverdue ? TimeSpan.Zero : base.PauseAfter(round);
    protected override void OnOutage(Exception exception) => LogFailed(exception.Message);

    private static KeyValuePair<string, object?> Outcome(string outcome) => new("outcome", outcome);

    [LoggerMessage(501, LogLevel.Warning, "Could not ask for the payments of overdue orders; retrying until they expire: {Reason}")]
    private partial void LogFailed(string reason);
    [LoggerMessage(502, LogLevel.Warning, "The payment provider had payment {Payment} of order {Order}, and had not told of it.")]
    private partial void LogFound(string order, string payment);
}
