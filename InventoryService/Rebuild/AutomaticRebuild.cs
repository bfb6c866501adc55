using Seckill.InventoryService.Audit;

namespace Seckill.InventoryService.Rebuild;

/// <summary>(12) Starts the rebuild of items that Redis lost, without an operator, unless <c>Rebuild:Automatic</c> is false.</summary>
internal sealed partial class AutomaticRebuild(
    AuditRows rows, RebuildJobs jobs, IOptions<RebuildOptions> options, TimeProvider clock, ILogger<AutomaticRebuild> logger)
    : PeriodicService(clock)
{
    protected override TimeSpan Interval => TimeSpan.FromMilliseconds(options.Value.IntervalMilliseconds);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        options.Value.Automatic ? base.ExecuteAsync(stoppingToken) : Task.CompletedTask;

    protected override async Task RunRoundAsync(CancellationToken stoppingToken)
    {
        var lost = (await rows.ItemsAsync(null, stoppingToken)).Where(item => item.LostAt is not null);
        foreach (var saleId in lost.Select(item => item.SaleId).Distinct())
        {
            await jobs.StartAsync(saleId, onlyLost: true, stoppingToken);
        }
    }

    protected override void OnOutage(Exception exception) => LogFailed(exception.Message);

    [LoggerMessage(463, LogLevel.Warning, "Could not start the rebuild of lost items; retrying: {Reason}")]
    private partial void LogFailed(string reason);
}
