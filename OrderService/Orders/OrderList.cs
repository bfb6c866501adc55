namespace Seckill.OrderService.Orders;

/// <summary>
/// The orders of a user in a sale. Live ones are known to Redis, from the moment of the 202 until their stock is returned; closed ones have
/// an index in PostgreSQL. Redis is asked first: an order that is closed in between is then found in the row of its id.
/// </summary>
internal sealed class OrderList(OrderRows rows, OrderReader orders, StockLedger stock)
{
    // After every age.
    private const string Youngest = "g";

    /// <summary>What follows the item's number in an id: the time, so that newer orders are greater; the same for all items.</summary>
    public static string AgeOf(string orderId) => orderId[OrderId.NumberLength..];

    /// <summary>A page, the newest first; null while Redis has lost an item of the sale. Redis answers for each item.</summary>
    /// <param name="userId">The user.</param>
    /// <param name="after">Only orders older than this one; null for the first page.</param>
    /// <param name="limit">Maximum number of orders, at least 1.</param>
    /// <exception cref="NpgsqlException">PostgreSQL is down.</exception>
    /// <exception cref="TimeoutException">A store does not answer in time.</exception>
    public async Task<OrderPage?> ReadAsync(
        OpenedSale sale, long userId, string? after, int limit, CancellationToken cancellationToken)
    {
        var items = sale.SkuIds.Select(skuId => new ItemKeys(new ItemKey(sale.SaleId, skuId)));
        if (await stock.LiveOrdersAsync(items, userId) is not { } live)
        {
            return null;
        }

        // One more than asked for shows whether there is a next page.
        var (from, maximum) = (after is null ? Youngest : AgeOf(after), limit + 1);
        string[] ids = [.. live.Where(id => string.CompareOrdinal(AgeOf(id), from) < 0).OrderByDescending(AgeOf, StringComparer.Ordinal)
            .Take(maximum)];
        var found = await rows.ListAsync(userId, sale.SaleId, ids, from, maximum, cancellationToken);
        var reserved = await Task.WhenAll(
            ids.Except(found.Select(row => row.OrderId)).Select(id => orders.FindAsync(id, userId, cancellationToken)));
        OrderView[] page = [.. found.Select(row => row.View).Concat(reserved.OfType<OrderView>())
            .OrderByDescending(order => AgeOf(order.OrderId), StringComparer.Ordinal).Take(maximum)];
        return page.Length > limit ? new OrderPage(page[..limit], page[limit - 1].OrderId) : new OrderPage(page, null);
    }
}
