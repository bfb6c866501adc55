using Dapper;

namespace Seckill.Shared.Stock;

/// <summary>
/// Restores the holds that Redis lost of live orders in PostgreSQL. The rows stay locked until the holds exist or can no longer appear, so
/// no order is closed in between: its return would find no hold, and the hold restored afterwards would keep its units permanently.
/// </summary>
/// <remarks>Throws <see cref="NpgsqlException"/>, or as <see cref="StockLedger"/> does. May be repeated.</remarks>
public sealed class HoldRestorer(NpgsqlDataSource database, StockRepair repair)
{
    /// <summary>Called while the rows are locked, before the call to Redis: a test stalls Redis here.</summary>
    internal Func<Task> WhileLocked { get; init; } = () => Task.CompletedTask;

    /// <summary>Restores the holds of the live orders among these.</summary>
    /// <returns>Number of restored holds; also 0 when the item is not warm.</returns>
    public async Task<int> RestoreAsync(ItemKeys item, IReadOnlyCollection<string> orderIds, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var live = (await connection.QueryAsync<HoldToRestore>(new CommandDefinition(
            """
            select order_id, user_id, quantity as units, reserved_at
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
