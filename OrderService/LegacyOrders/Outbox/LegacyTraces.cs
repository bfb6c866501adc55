namespace Seckill.OrderService.LegacyOrders.Outbox;

/// <summary>
/// Carries the trace of a sampled request through the legacy outbox to (8), which may run in another process and much later. A batch
/// with such a request costs one short statement, the others none.
/// </summary>
internal static class LegacyTraces
{
    /// <summary>Call this before the orders are placed, or the writer may be faster. Has no effect when the dual write is off.</summary>
    public static async Task RememberAsync(
        NpgsqlDataSource database, IReadOnlyList<TracedOrder> orders, CancellationToken cancellationToken)
    {
        if (orders.Count == 0)
        {
            return;
        }

        await database.ExecuteAsync(
            """
            delete from order_traces where ctid = any(array(
              select ctid from order_traces where created_at < now() - interval '1 hour' limit 1000 for update skip locked
            ));
            insert into order_traces (order_id, trace_parent)
            select t.order_id, t.trace_parent
            from unnest(@OrderIds, @TraceParents) as t (order_id, trace_parent)
            where (select mode from dual_write_control) in ('shadow', 'dual')
            on conflict (order_id) do nothing
            """,
            new
            {
                OrderIds = orders.Select(order => order.OrderId).ToArray(),
                TraceParents = orders.Select(order => OrderTraces.Text(order.Request)).ToArray(),
            },
            cancellationToken);
    }

    /// <summary>Takes the traces of a batch in its transaction, so that a batch that fails leaves them for the next try.</summary>
    public static async Task<IReadOnlyList<TracedOrder>> TakeAsync(
        NpgsqlConnection connection, string[] orderIds, CancellationToken cancellationToken)
    {
        if (!BatchTrace.IsOn)
        {
            return [];
        }

        var taken = await connection.QueryAsync<(string OrderId, string TraceParent)>(
            "delete from order_traces where order_id = any(@orderIds) returning order_id, trace_parent", new { orderIds },
            cancellationToken);
        return [.. taken.Select(row => OrderTraces.Read(row.OrderId, row.TraceParent)).OfType<TracedOrder>()];
    }
}
