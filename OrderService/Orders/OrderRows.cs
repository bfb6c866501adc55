using System.Diagnostics;

namespace Seckill.OrderService.Orders;

/// <summary>The row of an order, as far as its buyer sees it.</summary>
internal sealed record OrderRow(
    string OrderId, long UserId, string Status, long SaleId, long SkuId, int Quantity, long UnitPrice, string Currency,
    DateTime ReservedAt, DateTime PlacedAt, DateTime PayBy)
{
    public OrderView View => new(
        OrderId, OrderStatusText.Parse(Status), SaleId, SkuId, Quantity, UnitPrice, Currency, ReservedAt, PlacedAt, PayBy);
}

/// <summary>The rows of orders, for their buyers, who wait: a database that does not answer is asked once a second.</summary>
/// <remarks>
/// Throws <see cref="NpgsqlException"/> when PostgreSQL is down, and <see cref="TimeoutException"/> when it does not answer.
/// </remarks>
internal sealed class OrderRows(NpgsqlDataSource database, IOptions<OrderReadOptions> options)
{
    private const string Select =
        """
        select order_id, user_id, status, sale_id, sku_id, quantity, unit_price, currency, reserved_at, placed_at, pay_by
        from orders
        """;

    private readonly TimeSpan _timeout = TimeSpan.FromMilliseconds(options.Value.TimeoutMilliseconds);
    private long _askAgainAt;

    /// <summary>The row of an order, or null.</summary>
    public async Task<OrderRow?> FindAsync(string orderId, CancellationToken cancellationToken) =>
        (await ReadAsync($"{Select} where order_id = @orderId", new { orderId }, cancellationToken)).SingleOrDefault();

    /// <summary>The rows of these orders of a user, and of the user's closed orders of a sale, the newest first.</summary>
    /// <param name="userId">The user.</param>
    /// <param name="liveIds">Orders that are live in Redis; these are looked up by their ids.</param>
    /// <param name="after">See <see cref="OrderList.AgeOf"/>: only closed orders that are older.</param>
    /// <param name="maximum">Maximum number of closed orders.</param>
    public Task<IReadOnlyList<OrderRow>> ListAsync(
        long userId, long saleId, string[] liveIds, string after, int maximum, CancellationToken cancellationToken) =>
        ReadAsync(
            $"""
            {Select} where order_id = any(@liveIds) and user_id = @userId
            union
            ({Select} where user_id = @userId and sale_id = @saleId and status in ('cancelled', 'expired', 'rejected')
              and substr(order_id, 9) < @after
            order by substr(order_id, 9) desc
            limit @maximum)
            """,
            new { userId, saleId, liveIds, after, maximum },
            cancellationToken);

    private async Task<IReadOnlyList<OrderRow>> ReadAsync(string sql, object parameters, CancellationToken cancellationToken)
    {
        if (Stopwatch.GetTimestamp() < Interlocked.Read(ref _askAgainAt))
        {
            throw new TimeoutException("PostgreSQL did not answer a moment ago.");
        }

        try
        {
            // Not cancelled: the client library cancels by a blocking call to the server that does not answer. An abandoned query
            // ends by its own timeouts and then returns its connection.
            return await QueryAsync(sql, parameters).WaitAsync(_timeout, cancellationToken);
        }
        catch (TimeoutException)
        {
            Interlocked.Exchange(ref _askAgainAt, Stopwatch.GetTimestamp() + Stopwatch.Frequency);
            throw;
        }
    }

    private async Task<IReadOnlyList<OrderRow>> QueryAsync(string sql, object parameters)
    {
        await using var connection = await database.OpenConnectionAsync();
        return [.. await connection.QueryAsync<OrderRow>(
            new CommandDefinition(sql, parameters, commandTimeout: (int)Math.Ceiling(_timeout.TotalSeconds)))];
    }
}
