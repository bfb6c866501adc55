using Dapper;
using Npgsql;

namespace Seckill.OrderService.LegacyOrders.Database;

/// <summary>Rows of <c>t_order</c>, a batch at a time.</summary>
/// <remarks>Throws <see cref="NpgsqlException"/> or <see cref="TimeoutException"/>. Not sealed: tests let it fail at each point.</remarks>
internal class LegacyStore(LegacyDatabase legacy)
{
    // Wider than the columns are, so that a column that somebody widened is still read.
    private const string Columns =
        """
        order_sn::text as OrderSn, uid::bigint as Uid, goods_id::bigint as GoodsId, activity_id::bigint as ActivityId,
        num::bigint as Num, order_amount::text as OrderAmount, order_status::bigint as OrderStatus, add_time::bigint as AddTime,
        pay_time::bigint as PayTime, is_delete::bigint as IsDelete
        """;

    private const string Incoming =
        """
        unnest(
          @OrderSn, @Uid::int[], @GoodsId::int[], @ActivityId::int[], @Num::smallint[], @OrderAmount::numeric(10,2)[],
          @OrderStatus::smallint[], @AddTime::int[], @PayTime::int[], @Forced)
          as i (order_sn, uid, goods_id, activity_id, num, order_amount, order_status, add_time, pay_time, forced)
        """;

    /// <summary>
    /// Writes rows that the table cannot have yet, in a statement that does not look for them, at half the price of the other.
    /// </summary>
    /// <returns>False when it has one of them after all, or refuses one: none is written, and some of its ids are used up.</returns>
    public virtual Task<bool> TryInsertAsync(IReadOnlyCollection<LegacyRow> rows, CancellationToken cancellationToken) =>
        legacy.AskAsync(
            async connection =>
            {
                try
                {
                    await connection.ExecuteAsync(
                        $"""
                        -- Executes nothing, and fails unless order numbers are unique: without that a row could get in twice.
                        explain insert into t_order (order_sn) values ('') on conflict (order_sn) do nothing;
                        insert into t_order
                          (order_sn, uid, goods_id, activity_id, num, order_amount, order_status, add_time, pay_time, is_delete)
                        select order_sn, uid, goods_id, activity_id, num, order_amount, order_status, add_time, pay_time, 0
                        from {Incoming}
                        """,
                        Parameters(rows, new bool[rows.Count], null));
                    return true;
                }
                catch (PostgresException exception) when (IsRefusal(exception))
                {
                    return false;
                }
            },
            cancellationToken);

    /// <summary>Writes rows, in one statement. A row with a final status is never set back to unpaid, unless it is forced.</summary>
    /// <param name="rows">One for each order.</param>
    /// <param name="forced">For each row, whether a repair wants it as it is, whatever stands there.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public virtual Task UpsertAsync(
        IReadOnlyCollection<LegacyRow> rows, IReadOnlyCollection<bool> forced, CancellationToken cancellationToken) =>
        legacy.AskAsync(
            async connection =>
            {
                // What is sent into a freeze may take effect minutes later, when a newer state was written. Only a forced row could
                // undo that, so the force has an end, by their clock, before anybody else may write the order.
                DateTime? forcedUntil = forced.Contains(true)
                    ? await connection.ExecuteScalarAsync<DateTime>("select clock_timestamp() + interval '5 seconds'")
                    : null;
                return await UpsertAsync(connection, rows, forced, forcedUntil);
            },
            cancellationToken);

    /// <summary>The rows of these orders that are there.</summary>
    public virtual Task<Dictionary<string, LegacyRow>> ReadAsync(
        IReadOnlyCollection<string> orderIds, CancellationToken cancellationToken) =>
        legacy.AskAsync(
            async connection =>
            {
                // Offset 0: row by row through the index, which for an array would be sorted first, by the rules of some language.
                var rows = await connection.QueryAsync<LegacyRow>(
                    $"""
                    select {Columns}
                    from unnest(@OrderIds) as wanted (id)
                    cross join lateral (select * from t_order where order_sn = wanted.id offset 0) t
                    """,
                    new { OrderIds = orderIds.ToArray() });
                return rows.ToDictionary(row => row.OrderSn);
            },
            cancellationToken);

    /// <summary>The next rows by the table's own id, whosever they are; the order number only where the sale is one of these.</summary>
    public Task<List<(long Id, string? OrderSn)>> WalkAsync(long after, int[] saleIds, int most, CancellationToken cancellationToken) =>
        legacy.AskAsync(
            async connection => (await connection.QueryAsync<(long, string?)>(
                """
                select id::bigint, case when activity_id = any(@saleIds) then order_sn::text end
                from t_order
                where id > @after
                order by id
                limit @most
                """,
                new { after, saleIds, most })).AsList(),
            cancellationToken);

    /// <summary>Data at fault (SQLSTATE classes 22 and 23) or a trigger's own refusal; anything else is the database's state.</summary>
    public static bool IsRefusal(PostgresException exception) =>
        exception.SqlState == PostgresErrorCodes.RaiseException
        || exception.SqlState.StartsWith("22", StringComparison.Ordinal)
        || exception.SqlState.StartsWith("23", StringComparison.Ordinal);

    private static Task<int> UpsertAsync(
        NpgsqlConnection connection, IReadOnlyCollection<LegacyRow> rows, IReadOnlyCollection<bool> forced, DateTime? forcedUntil) =>
        // Only rows that are not there are inserted, because each conflict would use up one of the 2^31 ids of the table.
        connection.ExecuteAsync(
            $"""
            with incoming as (
              select * from {Incoming}
            ), inserted as (
              insert into t_order (order_sn, uid, goods_id, activity_id, num, order_amount, order_status, add_time, pay_time, is_delete)
              select order_sn, uid, goods_id, activity_id, num, order_amount, order_status, add_time, pay_time, 0
              from incoming i
              where not exists (select from t_order t where t.order_sn = i.order_sn)
              order by order_sn
              on conflict (order_sn) do update
              set order_status = excluded.order_status, pay_time = excluded.pay_time
              where t_order.order_status = 0
              returning order_sn
            )
            update t_order t
            set uid = i.uid, goods_id = i.goods_id, activity_id = i.activity_id, num = i.num, order_amount = i.order_amount,
              order_status = i.order_status, add_time = i.add_time, pay_time = i.pay_time,
              is_delete = case when i.forced then 0 else t.is_delete end
            from incoming i
            where i.order_sn not in (select order_sn from inserted) and t.order_sn = i.order_sn
              and (t.order_status = 0 or i.order_status <> 0 or (i.forced and clock_timestamp() < @forcedUntil))
            """,
            Parameters(rows, forced, forcedUntil));

    private static object Parameters(IReadOnlyCollection<LegacyRow> rows, IReadOnlyCollection<bool> forced, DateTime? forcedUntil) =>
        new
        {
            OrderSn = rows.Select(row => row.OrderSn).ToArray(),
            Uid = rows.Select(row => row.Uid).ToArray(),
            GoodsId = rows.Select(row => row.GoodsId).ToArray(),
            ActivityId = rows.Select(row => row.ActivityId).ToArray(),
            Num = rows.Select(row => row.Num).ToArray(),
            OrderAmount = rows.Select(row => row.OrderAmount).ToArray(),
            OrderStatus = rows.Select(row => row.OrderStatus).ToArray(),
            AddTime = rows.Select(row => row.AddTime).ToArray(),
            PayTime = rows.Select(row => row.PayTime).ToArray(),
            Forced = forced.ToArray(),
            forcedUntil,
        };
}
