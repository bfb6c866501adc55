namespace Seckill.InventoryService.Buyers;

/// <summary>Repeats requests to forget buyers whose orders could not all be changed yet.</summary>
internal sealed partial class ErasureSchedule(BuyerErasure erasure, TimeProvider clock, ILogger<ErasureSchedule> logger)
    : PeriodicService(clock)
{
    protected override TimeSpan Interval => TimeSpan.FromHours(1);

    protected override async Task RunRoundAsync(CancellationToken stoppingToken)
    {
        foreach (var userId in await erasure.WaitingAsync(stoppingToken))
        {
            await erasure.EraseAsync(userId, stoppingToken);
        }
    }

    protected override void OnOutage(Exception exception) => LogFailed(exception.Message);

    [LoggerMessage(540, LogLevel.Warning, "Could not forget those who asked for it; retrying: {Reason}")]
    private partial void LogFailed(string reason);
}
