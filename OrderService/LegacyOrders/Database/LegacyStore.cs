namespace Seckill.OrderService.LegacyOrders.Database;

/// <summary>Reads and writes rows of <c>t_order</c>, a batch at a time.</summary>
/// <remarks>Throws <see cref="NpgsqlException"/> or <see cref="TimeoutException"/>. Not sealed: tests make it fail at each point.</remarks>
internal class LegacyStore(LegacyDatabase legacy)
{
    private const string Columns =
        "order_sn, uid, goods_id, activity_id, num, order_amount, order_status, add_time, pay_time, is_delete";

    private const string Incoming =
        $"""
        unnest(
          @OrderSn, @Uid::int[], @GoodsId::int[], @ActivityId::int[], @Num::smallint[], @OrderAmount::numeric(10,2)[],
          @OrderStatus::smallint[], @AddTime::int[], @PayTime::int[], @IsDelete::smallint[], @Forced) as i ({Columns}, forced)
        """;

    /// <summary>
    /// Inserts rows that the table cannot have yet. The statement does not look for them, so it costs half as much as an upsert.
    /// </summary>
    /// <returns>False when the table has one of the rows or refuses one. Then none is written, and some ids are used up.</returns>
    public virtual Task<bool> TryInsertAsync(IReadOnlyCollection<LegacyRow> rows, CancellationToken cancellationToken) =>
        legacy.AskAsync(
            async connection =>
            {
                try
                {
                    await connection.ExecuteAsync(
                        $"""
                        -- Executes nothing, and fails unless order numbers are unique: without that, a row could be inserted twice.
                        explain insert into t_order (order_sn) values ('') on conflict (order_sn) do nothing;
                        insert into t_order ({Columns}) select {Columns} from {Incoming}
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

    /// <summary>Writes rows in one statement. A row with a final status never returns to unpaid, unless the write is forced.</summary>
    /// <param name="rows">One for each order.</param>
    /// <param name="forced">For each row, whether a repair overwrites what is there.</param>
    /// <param name="cancellationToken">Ends only the wait.</param>
    public virtual Task UpsertAsync(
        IReadOnlyCollection<LegacyRow> rows, IReadOnlyCollection<bool> forced, CancellationToken cancellationToken) =>
        legacy.AskAsync(
            async connection =>
            {
                // A statement sent into a freeze may take effect minutes later, after a newer state was written. Only a forced row
                // could undo that state, so the force ends, by the server's clock, before another writer may write the order.
                DateTime? forcedUntil = forced.Contains(true)
                    ? await connection.ExecuteScalarAsync<DateTime>("select clock_timestamp() + interval '5 seconds'")
                    : null;
                // Inserts only rows that are missing, because each conflict would use up one of the table's 2^31 ids.
                return await connection.ExecuteAsync(
                    $"""
                    with incoming as (
                      select * from {Incoming}
                    ), inserted as (
                      insert into t_order ({Columns})
                      select {Columns} from incoming i
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
                      and (t.order_status = 0 or i.order_status <> 0
                        or (i.forced and clock_timestamp() between @forcedUntil::timestamptz - interval '5 seconds' and @forcedUntil))
                    """,
                    Parameters(rows, forced, forcedUntil));
            },
            cancellationToken);

    /// <summary>The rows of these orders, as far as they exist, by order number.</summary>
    public virtual Task<Dictionary<string, LegacyRow>> ReadAsync(
        IReadOnlyCollection<string> orderIds, CancellationToken cancellationToken) =>
        legacy.AskAsync(
            async connection =>
            {
                // Wider than the columns are, so that a column that was widened is still read. Offset 0 reads row by row through the
                // index. An array condition would be sorted first, by the collation's rules.
                var rows = await connection.QueryAsync<LegacyRow>(
                    """
                    select order_sn::text, uid::bigint, goods_id::bigint, activity_id::bigint, num::bigint, order_amount::text,
                      order_status::bigint, add_time::bigint, pay_time::bigint, is_delete::bigint
                    from unnest(@OrderIds) as wanted (id)
                    cross join lateral (select * from t_order where order_sn = wanted.id offset 0) t
                    """,
                    new { OrderIds = orderIds.ToArray() });
                return rows.ToDictionary(row => row.OrderSn);
            },
            cancellationToken);

    /// <summary>The next rows in the order of the table's own id. Rows of other sales than these come without their order number.</summary>
    public Task<List<(long Id, string? OrderSn)>> WalkAsync(
        long after, int[] saleIds, int limit, CancellationToken cancellationToken) =>
        legacy.AskAsync(
            async connection => (await connection.QueryAsync<(long, string?)>(
                """
                select id::bigint, case when activity_id = any(@saleIds) then order_sn::text end as order_sn
                from t_order
                where id > @after
                order by id
                limit @limit
                """,
                new { after, saleIds, limit })).AsList(),
            cancellationToken);

    /// <summary>Whether the server refuses a row, because of its data or by a trigger. All else is the database's state.</summary>
    public static bool IsRefusal(PostgresException exception) =>
        exception.SqlState == PostgresErrorCodes.RaiseException || PostgresErrors.IsFaultOfData(exception);

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
            IsDelete = rows.Select(row => row.IsDelete).ToArray(),
            Forced = forced.ToArray(),
            forcedUntil,
        };
}
