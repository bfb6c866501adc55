using System.Diagnostics;
using Dapper;
using Npgsql;
using Seckill.OrderService.Reservations;

namespace Seckill.OrderService.Orders;

/// <summary>Finds an order wherever it is by now: its row in PostgreSQL, else its hold in Redis.</summary>
/// <remarks>The row is asked first, because it is the truth from the moment it exists.</remarks>
internal sealed class OrderReader(NpgsqlDataSource database, HoldFinder holds, WarmItems warm)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);
    private long _askAgainAt;

    /// <summary>The order, or null when there is none or it is somebody else's.</summary>
    /// <exception cref="NpgsqlException">PostgreSQL is away, and Redis alone cannot tell the status.</exception>
    /// <exception cref="TimeoutException">Redis has lost data: only after its rebuild it is known whether there is the order.</exception>
    public async Task<OrderView?> FindAsync(string orderId, long userId, CancellationToken cancellationToken)
    {
        NpgsqlException? databaseIsAway = null;
        try
        {
            if (await FindRowAsync(orderId, cancellationToken) is { } row)
            {
                return row.UserId == userId ? row.View : null;
            }
        }
        catch (Exception exception) when (exception is NpgsqlException or TimeoutException)
        {
            databaseIsAway = exception as NpgsqlException ?? new NpgsqlException("PostgreSQL does not answer.", exception);
        }

        if (await holds.FindAsync(orderId) is { } reserved)
        {
            if (databaseIsAway is not null && !reserved.InOutbox)
            {
                throw databaseIsAway;
            }

            return reserved.Hold.UserId == userId ? ViewOf(orderId, reserved) : null;
        }

        if (databaseIsAway is not null)
        {
            throw databaseIsAway;
        }

        // Between the two looks the order may have been persisted and its hold given back.
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
            // Not cancelled: the client library cancels by a blocking call to the server that does not answer. What is given up
            // on here goes on by itself until its own time-outs, and gives its connection back.
            return await ReadRowAsync(orderId).WaitAsync(s_patience, cancellationToken);
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
        var row = await connection.QuerySingleOrDefaultAsync<Row>(new CommandDefinition(
            """
            select user_id, status, sale_id, sku_id, quantity, unit_price, currency, reserved_at, placed_at, pay_by
            from orders
            where order_id = @orderId
            """,
            new { orderId },
            commandTimeout: (int)s_patience.TotalSeconds));
        return row is null
            ? null
            : (row.user_id, new OrderView(
                orderId, row.status, row.sale_id, row.sku_id, row.quantity, row.unit_price, row.currency,
                row.reserved_at, row.placed_at, row.pay_by));
    }

    private static OrderView ViewOf(string orderId, HeldOrder held) => new(
        orderId, "reserved", held.Item.SaleId, held.Item.SkuId, held.Hold.Units, held.Snapshot.UnitPrice, held.Snapshot.Currency,
        held.Hold.ReservedAt, null, held.Hold.ReservedAt.AddSeconds(held.Snapshot.PaymentTimeoutSeconds));

#pragma warning disable IDE1006 // Named after the columns.
    private sealed record Row(
        long user_id, string status, long sale_id, long sku_id, int quantity, long unit_price, string currency,
        DateTime reserved_at, DateTime placed_at, DateTime pay_by);
#pragma warning restore IDE1006
}
