using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;
using Seckill.OrderService.LegacyOrders.Control;
using Seckill.OrderService.LegacyOrders.Database;

namespace Seckill.OrderService.LegacyOrders.Verification;

/// <summary>
/// Walks over all orders, then over all legacy rows, round after round, at a bounded rate. One worker at a time does it: the one with
/// the lock on the state row. When it stops, another continues from the same cursor.
/// </summary>
internal sealed partial class ContinuousVerifier(
    NpgsqlDataSource database, OrderVerification verification, LegacyStore store, DualWriteControl control, LegacyBreaker breaker,
    IOptions<LegacyOptions> options, ILogger<ContinuousVerifier> logger) : BackgroundService
{
    private const int MaximumPage = 1_000;
    private const int WalkedPage = 10_000;
    private static readonly TimeSpan s_shortestWait = TimeSpan.FromMilliseconds(20);

    /// <summary>Verifies one page.</summary>
    /// <returns>How many orders were checked, and whether a round ended; null when another worker verifies.</returns>
    public async Task<(int Checked, bool RoundEnded)?> StepAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var state = await connection.QuerySingleOrDefaultAsync<State>(new CommandDefinition(
            """
            set local idle_in_transaction_session_timeout = '60s';
            select order_cursor as OrderCursor, legacy_cursor as LegacyCursor, phase as Phase
            from legacy_verifier
            for update skip locked
            """,
            cancellationToken: cancellationToken));
        if (state is null)
        {
            return null;
        }

        var page = Math.Min(MaximumPage, options.Value.VerifiedPerSecond);
        var (count, result, ended) = EnumText<VerifierPhase>.Parse(state.Phase) == VerifierPhase.Orders
            ? await StepOrdersAsync(connection, state.OrderCursor, page, cancellationToken)
            : await StepLegacyRowsAsync(connection, state.LegacyCursor, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        breaker.Succeeded(result.Verified + result.Mismatched, result.Mismatched);
        return (count, ended);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var wait = TimeSpan.FromSeconds(1);
            try
            {
                if (control.Current.Writes && breaker.State == BreakerState.Closed && await StepAsync(stoppingToken) is var (count, ended))
                {
                    wait = ended
                        ? TimeSpan.FromMilliseconds(options.Value.RoundPauseMilliseconds)
                        : TimeSpan.FromSeconds(Math.Max(s_shortestWait.TotalSeconds, (double)count / options.Value.VerifiedPerSecond));
                }
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception) when (exception is NpgsqlException or TimeoutException or OperationCanceledException)
            {
                if (LegacyDatabase.IsSourceOf(exception))
                {
                    breaker.Failed(LegacyFailure.Describe(exception));
                }

                LogFailed(exception.Message);
            }

            await Task.Delay(wait, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<(int Count, VerificationResult Result, bool Ended)> StepOrdersAsync(
        NpgsqlConnection connection, string cursor, int page, CancellationToken cancellationToken)
    {
        var (result, count, next) = await verification.VerifyNextAsync(connection, cursor, page, cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition(
            """
            update legacy_verifier
            set order_cursor = @next, checked = checked + @count, lagging = lagging + @Lagging, phase = @phase
            """,
            new
            {
                next, count, result.Lagging,
                phase = EnumText<VerifierPhase>.Of(count < page ? VerifierPhase.LegacyRows : VerifierPhase.Orders),
            },
            cancellationToken: cancellationToken));
        return (count, result, false);
    }

    private async Task<(int Count, VerificationResult Result, bool Ended)> StepLegacyRowsAsync(
        NpgsqlConnection connection, long cursor, CancellationToken cancellationToken)
    {
        var saleIds = (await connection.QueryAsync<int>(new CommandDefinition(
            "select sale_id::int from sales where sale_id <= 2147483647", cancellationToken: cancellationToken))).ToArray();
        // A legacy row is written after its order is committed, so legacy rows are read first. Pages count all rows, because the old shop
        // may have millions of its own before the first row of a Seckill sale.
        var rows = await store.WalkAsync(cursor, saleIds, WalkedPage, cancellationToken);
        var orderIds = rows.Where(row => row.OrderSn is not null).Select(row => row.OrderSn!).ToArray();
        var extras = (await connection.QueryAsync<string>(new CommandDefinition(
            """
            select id from unnest(@Ids) as t (id)
            where not exists (select from orders o where o.order_id = t.id)
            """,
            new { Ids = orderIds },
            cancellationToken: cancellationToken))).AsList();
        await DiscrepancyStore.RecordAsync(
            connection, extras, [.. extras.Select(id => new Finding(id, DiscrepancyClass.Extra, "", null, id))], cancellationToken);
        var ended = rows.Count < WalkedPage;
        if (ended)
        {
            await EndRoundAsync(connection, cancellationToken);
        }
        else
        {
            await connection.ExecuteAsync(new CommandDefinition(
                "update legacy_verifier set legacy_cursor = @Id", new { rows[^1].Id }, cancellationToken: cancellationToken));
        }

        return (orderIds.Length, new VerificationResult(orderIds.Length - extras.Count, extras.Count, 0), ended);
    }

    /// <summary>A walk does not meet deleted rows, so the open extras are looked up by their order number.</summary>
    private async Task EndRoundAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var open = (await connection.QueryAsync<string>(new CommandDefinition(
            "select order_id from legacy_discrepancies where class = 'extra' and resolved_at is null order by id limit 10000",
            cancellationToken: cancellationToken))).AsList();
        var existing = open.Count == 0 ? [] : await store.ReadAsync(open, cancellationToken);
        await DiscrepancyStore.RecordAsync(connection, [.. open.Where(id => !existing.ContainsKey(id))], [], cancellationToken);
        await DiscrepancyStore.RetryRefusedAsync(connection, cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition(
            """
            update legacy_verifier
            set order_cursor = '', legacy_cursor = 0, phase = 'ours', round = round + 1, last_round_orders = checked, checked = 0,
              lagging = 0, last_round_seconds = extract(epoch from clock_timestamp() - round_started_at),
              round_started_at = clock_timestamp()
            """,
            cancellationToken: cancellationToken));
    }

    [LoggerMessage(602, LogLevel.Warning, "Verification of the legacy database failed; retrying: {Reason}")]
    private partial void LogFailed(string reason);

    private sealed record State(string OrderCursor, long LegacyCursor, string Phase);
}
