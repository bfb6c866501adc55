using Dapper;
using Npgsql;
using Seckill.OrderService.LegacyOrders.Database;

namespace Seckill.OrderService.LegacyOrders.Verification;

/// <summary>A difference between an order and the legacy database.</summary>
/// <param name="OrderId">Also the legacy <c>order_sn</c>.</param>
/// <param name="Class"><c>missing</c>, <c>extra</c>, <c>different</c> or <c>unrepresentable</c>.</param>
/// <param name="Field">Column of <c>t_order</c>; empty where the whole row is meant.</param>
/// <param name="Ours">What it should be.</param>
/// <param name="Theirs">What it is.</param>
internal sealed record Finding(string OrderId, string Class, string Field, string? Ours, string? Theirs);

/// <summary>Differences in <c>legacy_discrepancies</c>: open once each, and resolved when a later look finds them gone.</summary>
internal static class DiscrepancyStore
{
    /// <summary>Begins what is noted of a missing row that the legacy database did not take; the reason follows.</summary>
    public const string Refused = "refused: ";

    /// <summary>Records what was found of these orders, and resolves what is open of them and was not found again.</summary>
    /// <param name="connection">May be within a transaction.</param>
    /// <param name="orderIds">Every order that was looked at.</param>
    /// <param name="findings">What was found.</param>
    /// <param name="cancellationToken">Stops.</param>
    public static Task RecordAsync(
        NpgsqlConnection connection, IReadOnlyCollection<string> orderIds, IReadOnlyCollection<Finding> findings,
        CancellationToken cancellationToken)
    {
        foreach (var kind in findings.GroupBy(finding => finding.Class))
        {
            LegacyMetrics.Discrepancies.Add(kind.Count(), new KeyValuePair<string, object?>("class", kind.Key));
        }

        return connection.ExecuteAsync(new CommandDefinition(
            """
            with found as (
              select distinct on (order_id, class, field) *
              from unnest(@FoundIds, @Classes, @Fields, @Ours, @Theirs) as f (order_id, class, field, ours, theirs)
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
              -- Why a row was refused is known to the writer alone; the verifier only sees that it is missing.
              theirs = case when excluded.class = 'missing' and excluded.theirs is null then legacy_discrepancies.theirs
                else excluded.theirs end
            """,
            new
            {
                Ids = orderIds.ToArray(),
                FoundIds = findings.Select(finding => finding.OrderId).ToArray(),
                Classes = findings.Select(finding => finding.Class).ToArray(),
                Fields = findings.Select(finding => finding.Field).ToArray(),
                Ours = findings.Select(finding => finding.Ours).ToArray(),
                Theirs = findings.Select(finding => finding.Theirs).ToArray(),
            },
            cancellationToken: cancellationToken));
    }

    /// <summary>Puts what the legacy database once refused in line again: it may take it by now.</summary>
    public static Task TryRefusedAgainAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        connection.ExecuteAsync(new CommandDefinition(
            """
            select enqueue_for_legacy(array(
              select order_id from legacy_discrepancies
              where resolved_at is null and class = 'missing' and theirs is not null
              order by id
              limit 1000))
            """,
            cancellationToken: cancellationToken));

    /// <summary>How many are open, by class.</summary>
    public static async Task<IReadOnlyList<(string Class, long Number)>> CountOpenAsync(
        NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<(string, long)>(new CommandDefinition(
            "select class, count(*) from legacy_discrepancies where resolved_at is null group by class",
            cancellationToken: cancellationToken))).AsList();
    }

    /// <summary>What is open, the newest first; of certain ids, also what is resolved.</summary>
    public static async Task<IReadOnlyList<Discrepancy>> ListAsync(
        NpgsqlDataSource database, long[]? ids, int most, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync<(
            long Id, string OrderId, string Class, string Field, string? Ours, string? Theirs, DateTime FoundAt, DateTime? ResolvedAt)>(
            new CommandDefinition(
                """
                select id, order_id, class, field, ours, theirs, found_at, resolved_at
                from legacy_discrepancies
                where case when @ids::bigint[] is null then resolved_at is null else id = any(@ids) end
                order by id desc
                limit @most
                """,
                new { ids, most },
                cancellationToken: cancellationToken));
        return
        [
            .. rows.Select(row => new Discrepancy(
                row.Id, row.OrderId, row.Class, row.Field, row.Ours, row.Theirs, row.FoundAt, row.ResolvedAt)),
        ];
    }
}

/// <summary>A difference that was found.</summary>
/// <param name="Id">Names it for a repair.</param>
/// <param name="OrderId">Also the legacy <c>order_sn</c>.</param>
/// <param name="Class"><c>missing</c>, <c>extra</c>, <c>different</c> or <c>unrepresentable</c>.</param>
/// <param name="Field">Column of the legacy table; empty where the whole row is meant.</param>
/// <param name="Ours">What it should be.</param>
/// <param name="Theirs">What it is.</param>
/// <param name="FoundAt">UTC.</param>
/// <param name="ResolvedAt">UTC; null while it is open.</param>
public sealed record Discrepancy(
    long Id, string OrderId, string Class, string Field, string? Ours, string? Theirs, DateTimeOffset FoundAt, DateTimeOffset? ResolvedAt);
