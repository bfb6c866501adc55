using Seckill.InventoryService.Audit;

namespace Seckill.InventoryService.Rebuild;

/// <summary>(12) Rebuilds items that Redis lost, without an operator, when <c>Rebuild:Automatic</c> is true.</summary>
internal sealed partial class AutomaticRebuild(
    AuditRows rows, StockRebuild rebuild, IOptions<RebuildOptions> options, TimeProvider clock,
    ILogger<AutomaticRebuild> logger) : PeriodicService(clock)
{
    protected override TimeSpan Interval => TimeSpan.FromMilliseconds(options.Value.IntervalMilliseconds);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        options.Value.Automatic ? base.ExecuteAsync(stoppingToken) : Task.CompletedTask;

    protected override async Task RunRoundAsync(CancellationToken stoppingToken)
    {
        foreach (var item in (await rows.ItemsAsync(null, stoppingToken)).Where(item => item.LostAt is not null))
        {
            if (await rebuild.RebuildAsync(item, stoppingToken) is var outcome and not RebuildOutcome.Done)
            {
                LogNotDone(item.Key.ToString(), outcome);
            }
        }
    }

    protected override void OnOutage(Exception exception) => LogFailed(exception.Message);

    [LoggerMessage(462, LogLevel.Warning, "Could not rebuild {Item}; retrying: {Outcome}.")]
    private partial void LogNotDone(string item, RebuildOutcome outcome);
    [LoggerMessage(463, LogLevel.Warning, "The rebuild failed; retrying: {Reason}")]
    private partial void LogFailed(string reason);
}
