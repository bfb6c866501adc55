using Dapper;
using Npgsql;

namespace Seckill.Shared.Stock;

/// <summary>
/// Gives live orders of PostgreSQL the holds that Redis lost. The rows stay locked until the holds are there, or cannot come any more, so
/// an order cannot be closed in between: its return would find no hold, and the hold given back afterwards would keep units for good.
/// </summary>
/// <remarks>Throws <see cref="NpgsqlException"/>, or as <see cref="StockLedger"/> does. May be repeated.</remarks>
public sealed class HoldRestorer(NpgsqlDataSource database, StockRepair repair)
{
    /// <summary>Called while the rows are locked, before Redis is asked: where a test lets Redis stall.</summary>
    internal Func<Task> WhileLocked { get; init; } = () => Task.CompletedTask;

    /// <summary>Restores the holds of those of the orders that are live.</summary>
    /// <returns>The orders that had no hold and have one now: how many; 0 as well when the item is not warm.</returns>
    public async Task<int> RestoreAsync(ItemKeys item, IReadOnlyCollection<string> orderIds, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var live = (await connection.QueryAsync<HoldToRestore>(new CommandDefinition(
            """
            select order_id as OrderId, user_id as UserId, quantity as Units, reserved_at as ReservedAt
            from orders
            where order_id = any(@orderIds) and (sale_id, sku_id) = (@SaleId, @SkuId) and status in ('placed', 'paid')
            order by order_id
            for share
            """,
            new { orderIds = orderIds.ToArray(), item.Item.SaleId, item.Item.SkuId },
            cancellationToken: cancellationToken))).AsList();
        if (live.Count == 0)
        {
            return 0;
        }

        var deadline = await repair.DeadlineAsync();
        await WhileLocked();
        return Math.Max(await repair.RestoreAsync(item, live, deadline), 0);
    }
}
