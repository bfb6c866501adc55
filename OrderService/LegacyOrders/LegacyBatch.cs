using System.Diagnostics;
using System.Runtime.ExceptionServices;
using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;
using Seckill.Shared.Hosting;

namespace Seckill.OrderService.LegacyOrders;

/// <summary>
/// (8) One batch of the legacy outbox: claim, write, read back, compare, mark. The claim is a row lock that lasts to the end, so a
/// worker that dies anywhere has claimed nothing, and the batch is written again: the same rows, or newer ones.
/// </summary>
/// <remarks>
/// Order of one order's changes: an entry is taken only by whoever holds the first entry of its order, and an entry stays in the
/// table until what it stands for is in the legacy database. So the holder is alone with the order, and since the order is read by
/// the statement that claims, what is written is never older than what an earlier holder wrote.
/// </remarks>
internal sealed class LegacyBatch(NpgsqlDataSource database, LegacyStore store, LegacyBreaker breaker, IOptions<LegacyOptions> options)
{
    private const int RefusalsInARow = 8;
    private double _lagSeconds;

    /// <summary>How long the oldest change of the last claim had waited.</summary>
    public double LagSeconds => Volatile.Read(ref _lagSeconds);

    /// <summary>Writes the next changes.</summary>
    /// <returns>How many entries were done; 0 when nothing waits that nobody else has.</returns>
    /// <exception cref="NpgsqlException">Either database failed; the entries wait as before.</exception>
    public async Task<int> WriteAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var claimed = (await ClaimAsync(connection, cancellationToken)).AsList();
        var claimedAt = Stopwatch.GetTimestamp();
        Volatile.Write(ref _lagSeconds, claimed.Count == 0 ? 0 : claimed[0].AgeSeconds);
        using var trace = BatchTrace.Start(
            "legacy write", ActivityKind.Client, null, claimed.Count,
            await LegacyTraces.TakeAsync(connection, claimed.Select(entry => entry.Order?.OrderId), cancellationToken));
        var findings = new List<Finding>();
        var rows = new List<(LegacyRow Row, bool Forced)>();
        // An order that is gone from ours has nothing to write; its entries only leave the outbox.
        var orders = claimed.Where(entry => entry.Order is not null).GroupBy(entry => entry.Order!.OrderId).ToList();
        foreach (var entries in orders)
        {
            if (LegacyMapping.ToLegacy(entries.First().Order!, out var obstacle) is { } row)
            {
                rows.Add((row, entries.Any(entry => entry.Forced)));
            }
            else
            {
                findings.Add(new Finding(entries.Key, "unrepresentable", obstacle.Field, obstacle.Ours, obstacle.Theirs));
            }
        }

        // A breaker that waits for a probe gets one though nothing waits, or readers would wait for the next change of an order.
        var mismatched = rows.Count == 0 && breaker.State == BreakerState.Closed
            ? 0 : await WriteAndCompareAsync(rows, findings, cancellationToken);
        if (claimed.Count == 0)
        {
            return 0;
        }

        await MarkAsync(connection, claimed, [.. orders.Select(order => order.Key)], findings, rows.Count - mismatched, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        LegacyMetrics.Verified.Add(rows.Count - mismatched);
        LegacyMetrics.TimeToVerify.Record(claimed[0].AgeSeconds + Stopwatch.GetElapsedTime(claimedAt).TotalSeconds);
        return claimed.Count;
    }

    private async Task<int> WriteAndCompareAsync(
        List<(LegacyRow Row, bool Forced)> rows, List<Finding> findings, CancellationToken cancellationToken)
    {
        var startedAt = Stopwatch.GetTimestamp();
        var mismatched = 0;
        try
        {
            var refused = new Dictionary<string, string>();
            await UpsertAsync(rows, refused, cancellationToken);
            var written = await store.ReadAsync([.. rows.Select(row => row.Row.OrderSn)], cancellationToken);
            foreach (var (should, _) in rows)
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
        List<(LegacyRow Row, bool Forced)> rows, Dictionary<string, string> refused, CancellationToken cancellationToken)
    {
        var taken = 0;
        ExceptionDispatchInfo? refusal = null;
        await HalveAsync(rows);
        if (refused.Count == rows.Count && rows.Count > 1)
        {
            refusal?.Throw();
        }

        async Task HalveAsync(List<(LegacyRow Row, bool Forced)> part)
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
            catch (PostgresException exception) when (IsRefusal(exception))
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

    /// <summary>Data at fault (SQLSTATE classes 22 and 23) or a trigger's own refusal; anything else is the database's state.</summary>
    private static bool IsRefusal(PostgresException exception) =>
        exception.SqlState == PostgresErrorCodes.RaiseException
        || exception.SqlState.StartsWith("22", StringComparison.Ordinal)
        || exception.SqlState.StartsWith("23", StringComparison.Ordinal);

    private Task<IEnumerable<Entry>> ClaimAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        connection.QueryAsync<Entry, OrderSnapshot, Entry>(new CommandDefinition(
            $"""
            set local idle_in_transaction_session_timeout = '60s'; set local jit = off;
            with claimed as materialized (
              select id, order_id, forced, created_at
              from legacy_outbox
              order by id
              limit @MaxBatch
              for update skip locked
            ), queued as materialized (
              -- Offset 0 keeps this a look into the index for each entry; as a join it would read the whole outbox for each batch.
              select c.*, (select min(w.id) from (select id from legacy_outbox where order_id = c.order_id offset 0) w) as first
              from claimed c
            )
            select c.id as Id, c.forced as Forced,
              extract(epoch from clock_timestamp() - c.created_at)::float8 as AgeSeconds, {OrderSnapshot.Columns}
            from queued c
            left join orders o on o.order_id = c.order_id
            where c.first in (select id from claimed)
            order by c.id
            """,
            new { options.Value.MaxBatch },
            cancellationToken: cancellationToken),
            (entry, order) => entry with { Order = order },
            splitOn: "OrderId");

    private static async Task MarkAsync(
        NpgsqlConnection connection, List<Entry> claimed, List<string> orderIds, List<Finding> findings, int verified,
        CancellationToken cancellationToken)
    {
        await DiscrepancyStore.RecordAsync(connection, orderIds, findings, cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition(
            """
            delete from legacy_outbox where id = any(@Ids);
            update legacy_verified set orders = orders + @verified
            """,
            new { Ids = claimed.Select(entry => entry.Id).ToArray(), verified },
            cancellationToken: cancellationToken));
    }

    private sealed record Entry(long Id, bool Forced, double AgeSeconds)
    {
        public OrderSnapshot? Order { get; init; }
    }
}
