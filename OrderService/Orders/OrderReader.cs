using System.Diagnostics;
using Seckill.OrderService.Reservations;

namespace Seckill.OrderService.Orders;

/// <summary>Finds an order: its row in PostgreSQL, else its hold in Redis.</summary>
/// <remarks>The row first, because it is the truth from the moment it exists.</remarks>
internal sealed class OrderReader(NpgsqlDataSource database, HoldFinder holds, WarmItems warm)
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(1);
    private long _askAgainAt;

    /// <summary>The order, or null when there is none or another user owns it.</summary>
    /// <exception cref="NpgsqlException">PostgreSQL is down, and the hold in Redis does not show the status.</exception>
    /// <exception cref="TimeoutException">Redis has lost data: only the rebuild shows whether the order exists.</exception>
    public async Task<OrderView?> FindAsync(string orderId, long userId, CancellationToken cancellationToken)
    {
        NpgsqlException? databaseIsDown = null;
        try
        {
            if (await FindRowAsync(orderId, cancellationToken) is { } row)
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
        return await FindRowAsync(orderId, cancellationToken) is { } late ? late.UserId == userId ? late.View : null
            : await warm.MayBeLostAsync(orderId) ? throw new TimeoutException("The item of this order waits for its rebuild.")
            : null;
    }

    private async Task<(long UserId, OrderView View)?> FindRowAsync(string orderId, CancellationToken cancellationToken)
    {
        if (Stopwatch.GetTimestamp() < Interlocked.Read(ref _askAgainAt))
        {
            throw new TimeoutException("PostgreSQL did not answer a moment ago.");
        }

        try
        {
            // Not cancelled: the client library cancels by a blocking call to the server that does not answer. An abandoned query
            // ends by its own timeouts and then returns its connection.
            return await ReadRowAsync(orderId).WaitAsync(s_timeout, cancellationToken);
        }
        catch (TimeoutException)
        {
            Interlocked.Exchange(ref _askAgainAt, Stopwatch.GetTimestamp() + Stopwatch.Frequency);
            throw;
        }
    }

    private async Task<(long UserId, OrderView View)?> ReadRowAsync(string orderId)
    {
        await using var connection = await database.OpenConnectionAsync();
        var rows = await connection.QueryAsync<(
            long UserId, string Status, long SaleId, long SkuId, int Quantity, long UnitPrice, string Currency,
            DateTime ReservedAt, DateTime PlacedAt, DateTime PayBy)>(new CommandDefinition(
            """
            select user_id, status, sale_id, sku_id, quantity, unit_price, currency, reserved_at, placed_at, pay_by
            from orders
            where order_id = @orderId
            """,
            new { orderId },
            commandTimeout: (int)s_timeout.TotalSeconds));
        return rows
            .Select(row => ((long UserId, OrderView View)?)(row.UserId, new OrderView(
                orderId, OrderStatusText.Parse(row.Status), row.SaleId, row.SkuId, row.Quantity, row.UnitPrice, row.Currency,
                row.ReservedAt, row.PlacedAt, row.PayBy)))
            .SingleOrDefault();
    }

    private static OrderView ViewOf(string orderId, HeldOrder held) => new(
        orderId, OrderStatus.Reserved, held.Item.SaleId, held.Item.SkuId, held.Hold.Units, held.Snapshot.UnitPrice, held.Snapshot.Currency,
        held.Hold.ReservedAt, null, held.Hold.ReservedAt.AddSeconds(held.Snapshot.PaymentTimeoutSeconds));
}
