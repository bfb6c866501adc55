using Dapper;
using Npgsql;
using Seckill.OrderService.LegacyOrders.Database;

namespace Seckill.OrderService.LegacyOrders.Verification;

/// <summary>Differences in <c>legacy_discrepancies</c>: each is open once, and resolved when a later check does not find it.</summary>
internal static class DiscrepancyStore
{
    /// <summary>Records what was found in these orders, and resolves what is open for them and was not found again.</summary>
    /// <param name="connection">May be within a transaction.</param>
    /// <param name="orderIds">Every order that was checked.</param>
    /// <param name="findings">What was found.</param>
    /// <param name="cancellationToken">Stops.</param>
    public static Task RecordAsync(
        NpgsqlConnection connection, IReadOnlyCollection<string> orderIds, IReadOnlyCollection<Finding> findings,
        CancellationToken cancellationToken)
    {
        foreach (var kind in findings.GroupBy(finding => finding.Class))
        {
            LegacyMetrics.CountDiscrepancies(kind.Key, kind.Count());
        }

        return connection.ExecuteAsync(new CommandDefinition(
            """
            with found as (
              select distinct on (order_id, class, field) *
              from unnest(@FoundIds, @Classes, @Fields, @Expected, @Actual) as f (order_id, class, field, ours, theirs)
              order by order_id, class, field
            ), resolved as (
              update legacy_discrepancies d
              set resolved_at = now()
              where resolved_at is null and order_id = any(@Ids)
                and not exists (select from found f where (f.order_id, f.class, f.field) = (d.order_id, d.class, d.field))
            )
            insert into legacy_discrepancies (order_id, class, field, ours, theirs)
            select order_id, class, field, ours, theirs from found
            on conflict (order_id, class, field) where resolved_at is null
            do update set ours = excluded.ours,
              -- Only the writer knows why a row was refused; the verifier only sees that it is missing.
              theirs = case when excluded.class = 'missing' and excluded.theirs is null then legacy_discrepancies.theirs
                else excluded.theirs end
            """,
            new
            {
                Ids = orderIds.ToArray(),
                FoundIds = findings.Select(finding => finding.OrderId).ToArray(),
                Classes = findings.Select(finding => EnumText<DiscrepancyClass>.Of(finding.Class)).ToArray(),
                Fields = findings.Select(finding => finding.Field).ToArray(),
                Expected = findings.Select(finding => finding.Expected).ToArray(),
                Actual = findings.Select(finding => finding.Actual).ToArray(),
            },
            cancellationToken: cancellationToken));
    }

    /// <summary>Puts rows that the legacy database refused into the outbox again: it may take them now.</summary>
    public static Task RetryRefusedAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        connection.ExecuteAsync(new CommandDefinition(
            """
            select enqueue_for_legacy(array(
              select order_id from legacy_discrepancies
              where resolved_at is null and class = 'missing' and theirs is not null
              order by id
              limit 1000))
            """,
            cancellationToken: cancellationToken));

    /// <summary>How many are open, by class; a class without any is absent.</summary>
    public static async Task<IReadOnlyDictionary<DiscrepancyClass, long>> CountOpenAsync(
        NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var counts = await connection.QueryAsync<ClassCount>(new CommandDefinition(
            "select class as Class, count(*) as Count from legacy_discrepancies where resolved_at is null group by class",
            cancellationToken: cancellationToken));
        return counts.ToDictionary(row => EnumText<DiscrepancyClass>.Parse(row.Class), row => row.Count);
    }

    /// <summary>The open discrepancies, the newest first; with ids, those discrepancies, also when they are resolved.</summary>
    public static async Task<IReadOnlyList<Discrepancy>> ListAsync(
        NpgsqlDataSource database, long[]? ids, int limit, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync<Row>(new CommandDefinition(
            """
            select id as Id, order_id as OrderId, class as Class, field as Field, ours as Expected, theirs as Actual,
              found_at as FoundAt, resolved_at as ResolvedAt
            from legacy_discrepancies
            where case when @ids::bigint[] is null then resolved_at is null else id = any(@ids) end
            order by id desc
            limit @limit
            """,
            new { ids, limit },
            cancellationToken: cancellationToken));
        return
        [
            .. rows.Select(row => new Discrepancy(
                row.Id, row.OrderId, EnumText<DiscrepancyClass>.Parse(row.Class), row.Field, row.Expected, row.Actual,
                row.FoundAt, row.ResolvedAt)),
        ];
    }

    private sealed record ClassCount(string Class, long Count);

    private sealed record Row(
        long Id, string OrderId, string Class, string Field, string? Expected, string? Actual, DateTime FoundAt, DateTime? ResolvedAt);
}
