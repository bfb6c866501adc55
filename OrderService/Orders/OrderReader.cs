using Seckill.OrderService.Reservations;

namespace Seckill.OrderService.Orders;

/// <summary>Finds an order: its row in PostgreSQL, else its hold in Redis.</summary>
/// <remarks>The row first, because it is the truth from the moment it exists.</remarks>
internal sealed class OrderReader(OrderRows rows, HoldFinder holds, WarmItems warm)
{
    /// <summary>The order, or null when there is none or another user owns it.</summary>
    /// <exception cref="NpgsqlException">PostgreSQL is down, and the hold in Redis does not show the status.</exception>
    /// <exception cref="TimeoutException">Redis has lost data: only the rebuild shows whether the order exists.</exception>
    public async Task<OrderView?> FindAsync(string orderId, long userId, CancellationToken cancellationToken)
    {
        NpgsqlException? databaseIsDown = null;
        try
        {
            if (await rows.FindAsync(orderId, cancellationToken) is { } row)
            {
                return row.UserId == userId ? row.View : null;
            }
        }
        catch (Exception exception) when (exception is NpgsqlException or TimeoutException)
        {
            databaseIsDown = exception as NpgsqlException ?? new NpgsqlException("PostgreSQL does not answer.", exception);
        }

        if (await holds.FindAsync(orderId) is { } reserved)
        {
            if (databaseIsDown is not null && !reserved.InOutbox)
            {
                throw databaseIsDown;
            }

            return reserved.Hold.UserId == userId ? ViewOf(orderId, reserved) : null;
        }

        if (databaseIsDown is not null)
        {
            throw databaseIsDown;
        }

        // Between the two reads the order may have been persisted and its hold released.
        return await rows.FindAsync(orderId, cancellationToken) is { } late ? late.UserId == userId ? late.View : null
            : await warm.MayBeLostAsync(orderId) ? throw new TimeoutException("The item of this order waits for its rebuild.")
            : null;
    }

    private static OrderView ViewOf(string orderId, HeldOrder held) => new(
        orderId, OrderStatus.Reserved, held.Item.SaleId, held.Item.SkuId, held.Hold.Units, held.Snapshot.UnitPrice, held.Snapshot.Currency,
        held.Hold.ReservedAt, null, ItemTerms.PayBy(held.Hold.ReservedAt, held.Snapshot.PaymentTimeoutSeconds));
}
