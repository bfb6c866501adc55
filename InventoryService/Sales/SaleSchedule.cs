using System.ComponentModel.DataAnnotations;

namespace Seckill.InventoryService.Sales;

/// <summary>Settings under <c>Sales</c>.</summary>
public sealed class ScheduleOptions
{
    /// <summary>
    /// Minutes before its opening at which a created sale is opened automatically: its stock is in Redis then, and its window decides. A
    /// sale whose window is over is closed automatically. 0: an operator opens and closes sales.
    /// </summary>
    [Range(0, 10_080)] public int OpenAheadMinutes { get; set; }
}

/// <summary>
/// Opens created sales ahead of their window, and closes sales whose window is over, by the clock of Redis. Only the version of the state
/// that was read is replaced, so a sale that an operator has opened or closed since stays as it is. A process that dies halfway leaves a
/// sale that is open and not warm; the next round, of any process, ends that.
/// </summary>
internal sealed partial class SaleSchedule(
    NpgsqlDataSource database, SaleCatalog catalog, SaleOpening opening, IOptions<ScheduleOptions> options, TimeProvider clock,
    ILogger<SaleSchedule> logger) : PeriodicService(clock)
{
    private readonly HashSet<(long SaleId, OpeningOutcome Outcome)> _reported = [];

    protected override TimeSpan Interval => TimeSpan.FromSeconds(1);

    /// <summary>Opens and closes what is due now.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var now = await catalog.NowAsync();
        // What an operator has closed is never due.
        var due = await database.QueryAsync<DueSale>(
            """
            select sale_id, state_version as version, closes_at <= @now as is_over
            from sales s
            where closes_at > @now and opens_at <= @now + @ahead
                and (state = 'created'
                  or state = 'open' and exists (select from sale_items i where i.sale_id = s.sale_id and warmed_at is null))
              or closes_at <= @now and state = 'open'
            order by opens_at, sale_id
            limit 100
            """,
            new { now = now.UtcDateTime, ahead = TimeSpan.FromMinutes(options.Value.OpenAheadMinutes) }, cancellationToken);
        foreach (var sale in due)
        {
            var outcome = await (sale.IsOver
                ? opening.CloseAsync(sale.SaleId, cancellationToken, sale.Version)
                : opening.OpenAsync(sale.SaleId, cancellationToken, sale.Version));
            if (outcome == OpeningOutcome.Done)
            {
                LogDone(sale.SaleId, sale.IsOver ? "closed" : "opened");
            }
            else if (outcome != OpeningOutcome.Superseded && _reported.Add((sale.SaleId, outcome)))
            {
                LogRefused(sale.SaleId, outcome);
            }
        }
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        options.Value.OpenAheadMinutes > 0 ? base.ExecuteAsync(stoppingToken) : Task.CompletedTask;

    protected override Task RunRoundAsync(CancellationToken stoppingToken) => RunAsync(stoppingToken);
    protected override void OnOutage(Exception exception) => LogFailed(exception.Message);

    private sealed record DueSale(long SaleId, long Version, bool IsOver);

    [LoggerMessage(481, LogLevel.Information, "Sale {Sale} is {State}, as it is planned.")]
    private partial void LogDone(long sale, string state);
    [LoggerMessage(482, LogLevel.Error, "Sale {Sale} is due and cannot be opened: {Outcome}. An operator must decide.")]
    private partial void LogRefused(long sale, OpeningOutcome outcome);
    [LoggerMessage(483, LogLevel.Warning, "Could not open or close the sales that are due; retrying: {Reason}")]
    private partial void LogFailed(string reason);
}
