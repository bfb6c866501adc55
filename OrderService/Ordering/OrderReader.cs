using System.Collections.Concurrent;
using Dapper;
using Npgsql;
using Seckill.Shared.Stock;

namespace Seckill.OrderService.Ordering;

/// <summary>Finds an order wherever it is by now: its row in PostgreSQL, else its hold in Redis.</summary>
/// <remarks>The row is asked first, because it is the truth from the moment it exists.</remarks>
internal sealed class OrderReader(NpgsqlDataSource database, StockLedger stock, SaleCatalog catalog)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);

    // Numbers are never reused and items never change, so this cannot be stale; it holds as many entries as there are items.
    private readonly ConcurrentDictionary<string, ItemKeys> _itemsByNumber = new();

    /// <summary>The order, or null when there is none or it is somebody else's.</summary>
    /// <exception cref="NpgsqlException">PostgreSQL is away, and Redis alone cannot tell the status.</exception>
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

        if (await FindHoldAsync(orderId) is { } reserved)
        {
            if (databaseIsAway is not null && !reserved.InOutbox)
            {
                throw databaseIsAway;
            }

            return reserved.UserId == userId ? reserved.View : null;
        }

        if (databaseIsAway is not null)
        {
            throw databaseIsAway;
        }

        // Between the two looks the order may have been persisted and its hold given back.
        return await FindRowAsync(orderId, cancellationToken) is { } late && late.UserId == userId ? late.View : null;
    }

    private async Task<(long UserId, OrderView View)?> FindRowAsync(string orderId, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken).AsTask()
            .WaitAsync(s_patience, cancellationToken);
        var row = await connection.QuerySingleOrDefaultAsync<Row>(new CommandDefinition(
            """
            select user_id, status, sale_id, sku_id, quantity, unit_price, currency, reserved_at, placed_at, pay_by
            from orders
            where order_id = @orderId
            """,
            new { orderId },
            commandTimeout: (int)s_patience.TotalSeconds,
            cancellationToken: cancellationToken));
        return row is null
            ? null
            : (row.user_id, new OrderView(
                orderId, row.status, row.sale_id, row.sku_id, row.quantity, row.unit_price, row.currency,
                row.reserved_at, row.placed_at, row.pay_by));
    }

    private async Task<(long UserId, bool InOutbox, OrderView View)?> FindHoldAsync(string orderId)
    {
        var number = orderId[..OrderId.NumberLength];
        if (!_itemsByNumber.TryGetValue(number, out var keys))
        {
            if (await catalog.FindItemAsync(number) is not { } item)
            {
                return null;
            }

            keys = _itemsByNumber.GetOrAdd(number, new ItemKeys(item));
        }

        if (await stock.FindHoldAsync(keys, orderId) is not var (hold, inOutbox) || await stock.InspectAsync(keys) is not { } snapshot)
        {
            return null;
        }

        return (hold.UserId, inOutbox, new OrderView(
            orderId, "reserved", keys.Item.SaleId, keys.Item.SkuId, hold.Units, snapshot.UnitPrice, snapshot.Currency,
            hold.ReservedAt, null, hold.ReservedAt.AddSeconds(snapshot.PaymentTimeoutSeconds)));
    }

#pragma warning disable IDE1006 // Named after the columns.
    private sealed record Row(
        long user_id, string status, long sale_id, long sku_id, int quantity, long unit_price, string currency,
        DateTime reserved_at, DateTime placed_at, DateTime pay_by);
#pragma warning restore IDE1006
}
