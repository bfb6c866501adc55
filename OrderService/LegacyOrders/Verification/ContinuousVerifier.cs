using Seckill.OrderService.LegacyOrders.Control;
using Seckill.OrderService.LegacyOrders.Database;

namespace Seckill.OrderService.LegacyOrders.Verification;

/// <summary>
/// Walks over all orders, then over all legacy rows, round after round, at a bounded rate. One worker at a time does it: the one with
/// the lock on the state row. When it stops, another continues from the same cursor.
/// </summary>
internal sealed partial class ContinuousVerifier(
    NpgsqlDataSource database, OrderVerification verification, LegacyStore store, DualWriteControl control, LegacyBreaker breaker,
    IOptions<LegacyOptions> options, TimeProvider clock, ILogger<ContinuousVerifier> logger) : PeriodicService(clock)
{
    private const int MaximumPage = 1_000;
    private const int WalkedPage = 10_000;
    private static readonly TimeSpan s_shortestPause = TimeSpan.FromMilliseconds(20);
    private TimeSpan _pause;

    /// <summary>Verifies one page.</summary>
    /// <returns>How many orders were checked, and whether a round ended; null when another worker verifies.</returns>
    public async Task<(int Checked, bool RoundEnded)?> StepAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var state = await connection.QueryAsync<(string OrderCursor, long LegacyCursor, string Phase)>(
            """
            set local idle_in_transaction_session_timeout = '60s';
            select order_cursor, legacy_cursor, phase from legacy_verifier for update skip locked
            """,
            null, cancellationToken);
        if (state is not [var (orderCursor, legacyCursor, phase)])
        {
            return null;
        }

        var (result, ended) = EnumText<VerifierPhase>.Parse(phase) == VerifierPhase.Orders
            ? (await StepOrdersAsync(connection, orderCursor, cancellationToken), false)
            : await StepLegacyRowsAsync(connection, legacyCursor, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        breaker.Succeeded(result.Verified + result.Mismatched, result.Mismatched);
        return (result.Checked, ended);
    }

    protected override TimeSpan Interval => TimeSpan.FromSeconds(1);
    protected override bool StartsAtOnce => true;

    protected override async Task RunRoundAsync(CancellationToken stoppingToken)
    {
        _pause = Interval;
        if (control.Current.Writes && breaker.State == BreakerState.Closed && await StepAsync(stoppingToken) is var (count, ended))
        {
            _pause = ended
                ? TimeSpan.FromMilliseconds(options.Value.RoundPauseMilliseconds)
                : TimeSpan.FromSeconds(Math.Max(s_shortestPause.TotalSeconds, (double)count / options.Value.VerifiedPerSecond));
        }
    }

    protected override TimeSpan PauseAfter(TimeSpan round) => _pause;

    protected override void OnFailure(Exception exception, bool isRepeated)
    {
        if (LegacyDatabase.IsSourceOf(exception))
        {
            breaker.Failed(LegacyFailure.Describe(exception));
        }

        base.OnFailure(exception, isRepeated);
    }

    protected override void OnOutage(Exception exception) => LogFailed(exception.Message);

    private async Task<VerificationResult> StepOrdersAsync(
        NpgsqlConnection connection, string cursor, CancellationToken cancellationToken)
    {
        var page = Math.Min(MaximumPage, options.Value.VerifiedPerSecond);
        var (result, next) = await verification.VerifyNextAsync(connection, cursor, page, cancellationToken);
        var phase = EnumText<VerifierPhase>.Of(result.Checked < page ? VerifierPhase.LegacyRows : VerifierPhase.Orders);
        await connection.ExecuteAsync(
            "update legacy_verifier set order_cursor = @next, checked = checked + @Checked, lagging = lagging + @Lagging, phase = @phase",
            new { next, result.Checked, result.Lagging, phase }, cancellationToken);
        return result;
    }

    private async Task<(VerificationResult Result, bool Ended)> StepLegacyRowsAsync(
        NpgsqlConnection connection, long cursor, CancellationToken cancellationToken)
    {
        var saleIds = await connection.QueryAsync<int>(
            "select sale_id::int from sales where sale_id <= 2147483647", null, cancellationToken);
        // A legacy row is written after its order is committed, so legacy rows are read first. Pages count all rows, because the old shop
        // may have millions of its own before the first row of a Seckill sale.
        var rows = await store.WalkAsync(cursor, [.. saleIds], WalkedPage, cancellationToken);
        var orderIds = rows.Select(row => row.OrderSn).OfType<string>().ToArray();
        var extras = await connection.QueryAsync<string>(
            """
            select t.id
            from unnest(@orderIds) as t (id)
            left join lateral (select order_id from orders where order_id = t.id offset 0) o on true
            where o.order_id is null
            """,
            new { orderIds }, cancellationToken);
        await DiscrepancyStore.RecordAsync(
            connection, extras, [.. extras.Select(id => new Finding(id, DiscrepancyClass.Extra, "", null, id))], cancellationToken);
        var ended = rows.Count < WalkedPage;
        await (ended
            ? EndRoundAsync(connection, cancellationToken)
            : connection.ExecuteAsync("update legacy_verifier set legacy_cursor = @Id", new { rows[^1].Id }, cancellationToken));
        return (new VerificationResult(orderIds.Length - extras.Count, extras.Count, 0), ended);
    }

    /// <summary>A walk does not meet deleted rows, so the open extras are looked up by their order number.</summary>
    private async Task EndRoundAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var open = await connection.QueryAsync<string>(
            "select order_id from legacy_discrepancies where class = 'extra' and resolved_at is null order by id limit 10000",
            null, cancellationToken);
        var existing = open.Count == 0 ? [] : await store.ReadAsync(open, cancellationToken);
        await DiscrepancyStore.RecordAsync(connection, [.. open.Where(id => !existing.ContainsKey(id))], [], cancellationToken);
        await DiscrepancyStore.RetryRefusedAsync(connection, cancellationToken);
        await connection.ExecuteAsync(
            """
            update legacy_verifier
            set order_cursor = '', legacy_cursor = 0, phase = 'ours', round = round + 1, last_round_orders = checked, checked = 0,
              lagging = 0, last_round_seconds = extract(epoch from clock_timestamp() - round_started_at),
              round_started_at = clock_timestamp()
            """,
            null, cancellationToken);
    }

    [LoggerMessage(602, LogLevel.Warning, "Verification of the legacy database failed; retrying: {Reason}")]
    private partial void LogFailed(string reason);
}

/// <summary>What the continuous verifier walks over. The column <c>legacy_verifier.phase</c> has these as words.</summary>
[JsonConverter(typeof(EnumText<VerifierPhase>))]
public enum VerifierPhase
{
    /// <summary>All orders, each compared with its legacy row.</summary>
    [JsonStringEnumMemberName("ours")] Orders,
    /// <summary>All legacy rows, looking for those without an order.</summary>
    [JsonStringEnumMemberName("theirs")] LegacyRows,
}
