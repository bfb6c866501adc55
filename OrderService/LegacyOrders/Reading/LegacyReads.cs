using Seckill.OrderService.LegacyOrders.Control;
using Seckill.OrderService.LegacyOrders.Database;
using Seckill.OrderService.Orders;

namespace Seckill.OrderService.LegacyOrders.Reading;

/// <summary>
/// The read cut-over: in mode dual, some users get their order from the legacy row, which must be equal to the new row in all that they
/// see. When it is missing, different or slow, or the breaker is open, they get the new row after a bounded wait, and a second look
/// follows in the background.
/// </summary>
internal sealed class LegacyReads(
    LegacyStore store, SecondLook secondLook, DualWriteControl control, LegacyBreaker breaker, IOptions<LegacyOptions> options)
{
    /// <summary>The order as this user is to see it.</summary>
    public async Task<OrderView> ReadAsync(OrderView order, long userId, CancellationToken cancellationToken)
    {
        var settings = control.Current;
        if (order.Status == OrderStatus.Reserved || !settings.ReadsLegacy(userId))
        {
            return order;
        }

        // Buyers are no probes: BreakerProbe closes the breaker.
        if (settings.OtherBreakerIsOpen || breaker.State != BreakerState.Closed)
        {
            return Answer(ReadSource.Breaker, order);
        }

        LegacyRow? row;
        try
        {
            var timeout = TimeSpan.FromMilliseconds(options.Value.ReadPatienceMilliseconds);
            var rows = await store.ReadAsync([order.OrderId], CancellationToken.None).WaitAsync(timeout, cancellationToken);
            row = rows.GetValueOrDefault(order.OrderId);
        }
        catch (Exception exception) when (exception is NpgsqlException or TimeoutException)
        {
            breaker.Failed(LegacyFailure.Describe(exception));
            return Answer(ReadSource.Failed, order);
        }

        // A difference may be a change on its way; the second look decides whether it counts.
        breaker.Succeeded(0, 0);
        if (row is not null && AreEqual(row, order, userId))
        {
            return Answer(ReadSource.Legacy, order);
        }

        secondLook.Add(order.OrderId);
        return Answer(row is null ? ReadSource.Missing : ReadSource.Different, order);
    }

    // What a buyer sees does not say when it was paid.
    private static bool AreEqual(LegacyRow row, OrderView order, long userId) =>
        row with { PayTime = 0 } == LegacyMapping.ToLegacy(
            new OrderSnapshot(
                order.OrderId, order.SaleId, order.SkuId, userId, order.Quantity, order.UnitPrice, order.Currency, order.Status.ToText(),
                order.ReservedAt.UtcDateTime, PaidAt: null, Version: 0),
            out _);

    private static OrderView Answer(ReadSource source, OrderView order)
    {
        LegacyMetrics.Reads.Add(1, new KeyValuePair<string, object?>("by", EnumText<ReadSource>.Of(source)));
        return order;
    }

    /// <summary>The legacy row, or why the new row answers instead.</summary>
    private enum ReadSource { Legacy, Missing, Different, Failed, Breaker }
}
