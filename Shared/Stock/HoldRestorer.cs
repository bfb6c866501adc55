using Dapper;

namespace Seckill.Shared.Stock;

/// <summary>
/// Restores what Redis lost of orders in PostgreSQL: the idempotency keys of all, and the holds of the live ones. The rows of these stay
/// locked until the holds exist or can no longer appear, so no order is closed in between: its return would find no hold, and the hold
/// restored afterwards would keep its units permanently.
/// </summary>
/// <remarks>Throws <see cref="NpgsqlException"/>, or as <see cref="StockLedger"/> does. May be repeated.</remarks>
public sealed class HoldRestorer(NpgsqlDataSource database, StockRepair repair)
{
    private const string HasRoom = "exists (select from waiting_rooms where sale_id = @SaleId)";
    private const string KeyOrTurn = $"(idempotency_key is not null or {HasRoom})";

    /// <summary>Called while the rows are locked, before the call to Redis: a test stalls Redis here.</summary>
    internal Func<Task> WhileLocked { get; init; } = () => Task.CompletedTask;

    /// <summary>Restores the keys of these orders, and then the holds of the live ones among them.</summary>
    /// <returns>Number of restored holds; also 0 when the item is not warm.</returns>
    public async Task<int> RestoreAsync(ItemKeys item, IReadOnlyCollection<string> orderIds, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        // The keys first: after a kill in between, the order still has no hold, and its message comes again.
        await repair.RestoreKeysAsync(item, await ReadAsync(connection, item, orderIds, KeyOrTurn, cancellationToken));
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        const string Live = "status in ('placed', 'paid') order by order_id for share";
        var live = await ReadAsync(connection, item, orderIds, Live, cancellationToken);
        if (live.Count == 0)
        {
            return 0;
        }

        var deadline = await repair.DeadlineAsync(item);
        await WhileLocked();
        var writes = new List<StockWrite>(1);
        var restored = Math.Max(await repair.RestoreAsync(item, live, deadline, writes), 0);
        if (writes.Count > 0)
        {
            await connection.RecordAsync(item.Item, writes, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }

        return restored;
    }

    private static async Task<List<HoldToRestore>> ReadAsync(
        NpgsqlConnection connection, ItemKeys item, IReadOnlyCollection<string> orderIds, string which,
        CancellationToken cancellationToken) =>
        (await connection.QueryAsync<HoldToRestore>(new CommandDefinition(
            $"""
            select order_id, user_id, quantity as units, reserved_at, idempotency_key, {HasRoom} as has_room
            from orders
            where order_id = any(@orderIds) and (sale_id, sku_id) = (@SaleId, @SkuId) and {which}
            """,
            new { orderIds = orderIds.ToArray(), item.Item.SaleId, item.Item.SkuId },
            cancellationToken: cancellationToken))).AsList();
}
