using System.Diagnostics;
using System.Runtime.ExceptionServices;
using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;
using Seckill.OrderService.LegacyOrders.Database;
using Seckill.OrderService.LegacyOrders.Outbox;
using Seckill.OrderService.LegacyOrders.Verification;
using Seckill.Shared.Hosting;
using Seckill.Shared.Telemetry;

namespace Seckill.OrderService.LegacyOrders.Writing;

/// <summary>
/// (8) One batch of the legacy outbox: claim, write, read back, compare, mark. The claim is a lock on a lane that lasts to the end, so
/// a worker that dies anywhere has claimed nothing, and the batch is written again: the same rows, or newer ones.
/// </summary>
/// <remarks>
/// Order of one order's changes: an order is always in the same lane, and an entry stays in the table until what it stands for is in
/// the legacy database. So the holder is alone with the order, and since the order is read after the lane is locked, what is written
/// is never older than what an earlier holder wrote.
/// </remarks>
internal sealed class LegacyBatch(NpgsqlDataSource database, LegacyStore store, LegacyBreaker breaker, IOptions<LegacyOptions> options)
{
    private const int RefusalsInARow = 8;
    private double _lagSeconds;

    /// <summary>How long the oldest change of the last claim had waited.</summary>
    public double LagSeconds => Volatile.Read(ref _lagSeconds);

    /// <summary>Writes the next changes.</summary>
    /// <returns>How many changes were done; 0 when nothing waits that nobody else has.</returns>
    /// <exception cref="NpgsqlException">Either database failed; the entries wait as before.</exception>
    public async Task<int> WriteAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var lane = await LockLaneAsync(connection, cancellationToken);
        var claimed = lane is null ? [] : (await ClaimAsync(connection, lane.Value, cancellationToken)).AsList();
        var claimedAt = Stopwatch.GetTimestamp();
        var oldestSeconds = claimed.Count == 0 ? 0 : claimed.Max(change => change.AgeSeconds);
        Volatile.Write(ref _lagSeconds, oldestSeconds);
        var orders = OrdersOf(claimed);
        using var trace = BatchTrace.Start(
            "legacy write", ActivityKind.Client, null, claimed.Count,
            await LegacyTraces.TakeAsync(connection, orders.Keys, cancellationToken));
        var findings = new List<Finding>();
        var rows = new List<LegacyWrite>(orders.Count);
        foreach (var change in orders.Values)
        {
            if (LegacyMapping.ToLegacy(change.Order!, out var obstacle) is { } row)
            {
                rows.Add(new LegacyWrite(row, change.Placed, change.Forced));
            }
            else
            {
                findings.Add(new Finding(change.Order!.OrderId, "unrepresentable", obstacle.Field, obstacle.Ours, obstacle.Theirs));
            }
        }

        // In one order, so that a statement that was sent into a freeze and this one cannot wait for each other.
        rows.Sort((one, other) => string.CompareOrdinal(one.Row.OrderSn, other.Row.OrderSn));
        // A breaker that waits for a probe gets one though nothing waits, or readers would wait for the next change of an order.
        var mismatched = rows.Count == 0 && breaker.State == BreakerState.Closed
            ? 0 : await WriteAndCompareAsync(rows, findings, cancellationToken);
        if (claimed.Count == 0)
        {
            return 0;
        }

        await MarkAsync(connection, lane!.Value, claimed, orders.Keys, findings, rows.Count - mismatched, cancellationToken);
        FailPoint.Reach("8-marked");
        await transaction.CommitAsync(cancellationToken);
        LegacyMetrics.Verified.Add(rows.Count - mismatched);
        LegacyMetrics.TimeToVerify.Record(oldestSeconds + Stopwatch.GetElapsedTime(claimedAt).TotalSeconds);
        return claimed.Count;
    }

    private async Task<int> WriteAndCompareAsync(
        List<LegacyWrite> rows, List<Finding> findings, CancellationToken cancellationToken)
    {
        var startedAt = Stopwatch.GetTimestamp();
        var mismatched = 0;
        try
        {
            FailPoint.Reach("8-claimed");
            var refused = new Dictionary<string, string>();
            var isPlaced = rows.ToLookup(row => row.IsPlaced && !row.Forced);
            var placed = isPlaced[true].ToList();
            var inserted = placed.Count > 0 && await store.TryInsertAsync([.. placed.Select(row => row.Row)], cancellationToken);
            await UpsertAsync(inserted ? [.. isPlaced[false]] : rows, inserted ? placed.Count : 0, refused, cancellationToken);
            FailPoint.Reach("8-written");
            var written = await store.ReadAsync([.. rows.Select(row => row.Row.OrderSn)], cancellationToken);
            foreach (var (should, _, _) in rows)
            {
                var before = findings.Count;
                if (refused.TryGetValue(should.OrderSn, out var reason))
                {
                    findings.Add(new Finding(should.OrderSn, "missing", "", null, DiscrepancyStore.Refused + reason));
                }
                else if (!written.TryGetValue(should.OrderSn, out var row))
                {
                    findings.Add(new Finding(should.OrderSn, "missing", "", null, null));
                }
                else
                {
                    findings.AddRange(LegacyMapping.Differences(should, row)
                        .Select(field => new Finding(should.OrderSn, "different", field.Field, field.Ours, field.Theirs)));
                }

                mismatched += findings.Count > before ? 1 : 0;
            }
        }
        catch (Exception exception) when (exception is NpgsqlException or TimeoutException)
        {
            breaker.Failed();
            throw;
        }

        if (Stopwatch.GetElapsedTime(startedAt).TotalMilliseconds > options.Value.SlowBatchMilliseconds)
        {
            breaker.Failed();
        }
        else
        {
            breaker.Succeeded(rows.Count, mismatched);
        }

        return mismatched;
    }

    /// <summary>
    /// Writes what can be written. A row that the database refuses is halved out of its batch. When it refuses one after the other
    /// and takes none, it is the table that has changed and not the rows that are bad: they wait like in any other failure.
    /// </summary>
    private async Task UpsertAsync(
        List<LegacyWrite> rows, int taken, Dictionary<string, string> refused, CancellationToken cancellationToken)
    {
        ExceptionDispatchInfo? refusal = null;
        await HalveAsync(rows);
        if (taken == 0 && rows.Count > 1)
        {
            refusal?.Throw();
        }

        async Task HalveAsync(List<LegacyWrite> part)
        {
            if (part.Count == 0)
            {
                return;
            }

            try
            {
                await store.UpsertAsync([.. part.Select(row => row.Row)], [.. part.Select(row => row.Forced)], cancellationToken);
                taken += part.Count;
            }
            catch (PostgresException exception) when (LegacyStore.IsRefusal(exception))
            {
                if (part.Count > 1)
                {
                    await HalveAsync(part[..(part.Count / 2)]);
                    await HalveAsync(part[(part.Count / 2)..]);
                    return;
                }

                refused[part[0].Row.OrderSn] = exception.MessageText;
                refusal = ExceptionDispatchInfo.Capture(exception);
                if (taken == 0 && refused.Count == RefusalsInARow)
                {
                    refusal.Throw();
                }
            }
        }
    }

    /// <summary>Each order once, whatever the number of its changes. One that is gone from ours has nothing to write.</summary>
    private static Dictionary<string, Change> OrdersOf(List<Change> claimed)
    {
        var orders = new Dictionary<string, Change>(claimed.Count);
        foreach (var change in claimed.Where(change => change.Order is not null))
        {
            var known = orders.GetValueOrDefault(change.Order!.OrderId);
            orders[change.Order.OrderId] = known is null ? change
                : known with { Forced = known.Forced || change.Forced, Placed = known.Placed || change.Placed };
        }

        return orders;
    }

    /// <summary>The free lane with the oldest entry. By itself: the next statement must see all that was there at the lock.</summary>
    private static Task<int?> LockLaneAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        connection.ExecuteScalarAsync<int?>(new CommandDefinition(
            """
            set local idle_in_transaction_session_timeout = '60s';
            set local jit = off;
            -- Every statement looks rows up by key. Left to guess by statistics of tables that grow and shrink by the second, the
            -- planner would read all orders for each batch.
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

    private Task<IEnumerable<Change>> ClaimAsync(NpgsqlConnection connection, int lane, CancellationToken cancellationToken) =>
        connection.QueryAsync<Change, OrderSnapshot, Change>(new CommandDefinition(
            $"""
            with claimed as materialized (
              select id, order_ids, placed, forced, extract(epoch from clock_timestamp() - created_at)::float8 as age
              from (
                select *, sum(orders) over (order by id) - orders as before
                from (select * from legacy_outbox where lane = @lane order by id limit @MaxBatch) oldest) o
              where before < @MaxBatch
            )
            select c.id as EntryId, c.placed as Placed, c.forced as Forced, c.age as AgeSeconds, {OrderSnapshot.Columns}
            from claimed c
            cross join lateral unnest(c.order_ids) as changed (order_id)
            left join orders o on o.order_id = changed.order_id
            """,
            new { lane, options.Value.MaxBatch },
            cancellationToken: cancellationToken),
            (change, order) => change with { Order = order },
            splitOn: "OrderId");

    private static async Task MarkAsync(
        NpgsqlConnection connection, int lane, List<Change> claimed, IReadOnlyCollection<string> orderIds, List<Finding> findings,
        int verified, CancellationToken cancellationToken)
    {
        await DiscrepancyStore.RecordAsync(connection, orderIds, findings, cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition(
            """
            delete from legacy_outbox where lane = @lane and id = any(@Ids);
            update legacy_verified set orders = orders + @verified
            """,
            new { lane, Ids = claimed.Select(change => change.EntryId).Distinct().ToArray(), verified },
            cancellationToken: cancellationToken));
    }

    /// <summary>That an order changed: one for each order of an entry.</summary>
    private sealed record Change(long EntryId, bool Placed, bool Forced, double AgeSeconds)
    {
        public OrderSnapshot? Order { get; init; }
    }
}
