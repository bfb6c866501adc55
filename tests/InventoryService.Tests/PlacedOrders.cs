using Dapper;
using Seckill.Shared.Stock;

namespace Seckill.InventoryService.Tests;

/// <summary>Orders in PostgreSQL as a worker places them, of an item that Redis does not know.</summary>
internal static class PlacedOrders
{
    /// <summary>Places orders of one unit, by the users 1, 2, 3 and so on; their ids, in their order.</summary>
    public static async Task<string[]> PlaceAsync(TestItem item, int count)
    {
        string[] ids = [.. Enumerable.Range(0, count).Select(_ => item.Number + Guid.NewGuid().ToString("N")[..(OrderId.Length - 8)])
            .Order(StringComparer.Ordinal)];
        await using var connection = await Servers.Orders.OpenConnectionAsync();
        await connection.ExecuteAsync(
            """
            select place_orders(@SaleId, @SkuId, 0, 'EUR', @ids, array(select n::bigint from generate_series(1, @count) n),
              array_fill(1, array[@count]), array_fill(now(), array[@count]))
            """,
            new { item.Key.SaleId, item.Key.SkuId, ids, count });
        return ids;
    }
}
