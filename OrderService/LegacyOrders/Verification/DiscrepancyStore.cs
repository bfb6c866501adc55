using Seckill.OrderService.LegacyOrders.Database;

namespace Seckill.OrderService.LegacyOrders.Verification;

/// <summary>Differences in <c>legacy_discrepancies</c>: each is open once, and resolved when a later check does not find it.</summary>
internal static class DiscrepancyStore
{
    /// <summary>Records what was found in these orders, and resolves what is open for them and was not found again.</summary>
    public static Task RecordAsync(
        NpgsqlConnection connection, IReadOnlyCollection<string> orderIds, IReadOnlyCollection<Finding> findings,
        CancellationToken cancellationToken)
    {
        foreach (var kind in findings.GroupBy(finding => finding.Class))
        {
            LegacyMetrics.CountDiscrepancies(EnumText<DiscrepancyClass>.Of(kind.Key), kind.Count());
        }

        return connection.ExecuteAsync(
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
            cancellationToken);
    }

    /// <summary>Puts rows that the legacy database refused into the outbox again: it may take them now.</summary>
    public static Task RetryRefusedAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        connection.ExecuteAsync(
            """
            select enqueue_for_legacy(array(
              select order_id from legacy_discrepancies
              where resolved_at is null and class = 'missing' and theirs is not null
              order by id
              limit 1000))
            """,
            null, cancellationToken);

    /// <summary>How many are open, by class; a class without any is absent.</summary>
    public static async Task<IReadOnlyDictionary<DiscrepancyClass, long>> CountOpenAsync(
        NpgsqlDataSource database, CancellationToken cancellationToken) =>
        (await database.QueryAsync<(DiscrepancyClass Class, long Count)>(
            "select class, count(*) from legacy_discrepancies where resolved_at is null group by class", null, cancellationToken))
        .ToDictionary(row => row.Class, row => row.Count);

    /// <summary>The open discrepancies, the newest first; with ids, those discrepancies, also when they are resolved.</summary>
    public static async Task<IReadOnlyList<Discrepancy>> ListAsync(
        NpgsqlDataSource database, long[]? ids, long? after, int limit, CancellationToken cancellationToken) =>
        await database.QueryAsync<Discrepancy>(
            """
            select id, order_id, class, field, ours as expected, theirs as actual, found_at, resolved_at
            from legacy_discrepancies
            where case when @ids::bigint[] is null then resolved_at is null else id = any(@ids) end
              and (@after::bigint is null or id < @after)
            order by id desc
            limit @limit
            """,
            new { ids, after, limit }, cancellationToken);
}
