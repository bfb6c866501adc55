using Seckill.OrderService.LegacyOrders.Database;

namespace Seckill.OrderService.LegacyOrders.Writing;

/// <summary>
/// The oldest changes of one lane of the legacy outbox. The claim is the lock on the lane, which lasts as long as the transaction, so a
/// worker that dies anywhere has claimed nothing.
/// </summary>
/// <remarks>
/// Sequence of one order's changes: an order is always in the same lane, and an entry stays in the table until its change is in the
/// legacy database. So no other writer has the order, and since the order is read after the lane is locked, no writer writes an older
/// state than an earlier holder of the lane.
/// </remarks>
internal sealed class LaneClaim
{
    private readonly int? _lane;
    private readonly List<Change> _changes;

    private LaneClaim(int? lane, List<Change> changes) => (_lane, _changes) = (lane, changes);

    /// <summary>How many changes are claimed; 0 when none waits in a free lane.</summary>
    public int Count => _changes.Count;

    /// <summary>How long the oldest claimed change waited before the claim.</summary>
    public double OldestSeconds => _changes.Select(change => change.AgeSeconds).DefaultIfEmpty().Max();

    /// <summary>Locks a lane and claims its oldest changes.</summary>
    public static async Task<LaneClaim> TakeAsync(NpgsqlConnection connection, int maximum, CancellationToken cancellationToken)
    {
        var lane = await LockLaneAsync(connection, cancellationToken);
        return new LaneClaim(lane, lane is null ? [] : await ReadAsync(connection, lane.Value, maximum, cancellationToken));
    }

    /// <summary>
    /// Each claimed order once, as it is after the claim, whatever the number of its changes: whether one of them placed it, and whether
    /// one is a repair. A deleted order has nothing to write.
    /// </summary>
    public List<(OrderSnapshot Order, bool IsPlaced, bool Forced)> Orders() =>
    [
        .. _changes.Where(change => change.Order is not null).GroupBy(change => change.Order!.OrderId).Select(changes =>
            (changes.First().Order!, changes.Any(change => change.Placed), changes.Any(change => change.Forced))),
    ];

    /// <summary>Removes the claimed changes from the outbox, and counts the orders that were found equal.</summary>
    public Task RemoveAsync(NpgsqlConnection connection, int verified, CancellationToken cancellationToken) =>
        connection.ExecuteAsync(
            """
            delete from legacy_outbox where lane = @lane and id = any(@Ids);
            update legacy_verified set orders = orders + @verified
            """,
            new { lane = _lane, Ids = _changes.Select(change => change.EntryId).Distinct().ToArray(), verified }, cancellationToken);

    /// <summary>The free lane with the oldest entry. In a statement of its own, so that the next one sees all that is committed.</summary>
    private static Task<int?> LockLaneAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        connection.ExecuteScalarAsync<int?>(new CommandDefinition(
            """
            set local idle_in_transaction_session_timeout = '60s';
            set local jit = off;
            -- Every statement looks rows up by key. The planner, left to the statistics of tables that grow and shrink by the second,
            -- reads all orders for each batch.
            set local enable_seqscan = off;
            set local enable_hashjoin = off;
            set local enable_mergejoin = off;
            select l.lane
            from legacy_lanes l
            cross join lateral (select id from legacy_outbox o where o.lane = l.lane order by id limit 1) oldest
            order by oldest.id
            limit 1
            for update of l skip locked
            """,
            cancellationToken: cancellationToken));

    private static async Task<List<Change>> ReadAsync(
        NpgsqlConnection connection, int lane, int maximum, CancellationToken cancellationToken) =>
        (await connection.QueryAsync<Change, OrderSnapshot, Change>(new CommandDefinition(
            $"""
            with claimed as materialized (
              select id, order_ids, placed, forced, abs(extract(epoch from clock_timestamp() - created_at))::float8 as age
              from (
                select *, sum(orders) over (order by id) - orders as before
                from (select * from legacy_outbox where lane = @lane order by id limit @maximum) oldest) o
              where before < @maximum
            )
            select c.id as entry_id, c.placed, c.forced, c.age as age_seconds, {OrderSnapshot.Columns}
            from claimed c
            cross join lateral unnest(c.order_ids) as changed (order_id)
            left join orders o on o.order_id = changed.order_id
            """,
            new { lane, maximum },
            cancellationToken: cancellationToken),
            (change, order) => change with { Order = order },
            splitOn: "order_id")).AsList();

    /// <summary>A change of an order: one for each order of an entry.</summary>
    private sealed record Change(long EntryId, bool Placed, bool Forced, double AgeSeconds)
    {
        public OrderSnapshot? Order { get; init; }
    }
}
