using StackExchange.Redis;

namespace Seckill.InventoryService.Ledger;

/// <summary>Finishes changes of stock that a crash interrupted between the two stores.</summary>
internal sealed partial class StockChangeFinisher(StockChanges changes, TimeProvider clock, ILogger<StockChangeFinisher> logger)
    : PeriodicService(clock)
{
    private static readonly TimeSpan s_age = TimeSpan.FromSeconds(5);

    protected override TimeSpan Interval => TimeSpan.FromSeconds(2);

    protected override async Task RunRoundAsync(CancellationToken stoppingToken)
    {
        foreach (var change in await changes.FindUnfinishedAsync(s_age, stoppingToken))
        {
            await FinishAsync(change, stoppingToken);
        }
    }

    protected override void OnOutage(Exception exception) => LogFailed("all items", exception.Message);

    // A change that cannot be finished must not block the others.
    private async Task FinishAsync(StockChange change, CancellationToken cancellationToken)
    {
        try
        {
            var (outcome, units) = await changes.FinishAsync(change, cancellationToken);
            LogFinished(change.Item.ToString(), change.Delta, outcome, units);
        }
        catch (Exception exception) when (exception is NpgsqlException or RedisException or TimeoutException)
        {
            LogFailed(change.Item.ToString(), exception.Message);
        }
    }

    [LoggerMessage(420, LogLevel.Warning, "Finished an interrupted change of {Delta} units of {Item}: {Outcome}, {Units} units.")]
    private partial void LogFinished(string item, int delta, StockChangeOutcome outcome, int units);
    [LoggerMessage(421, LogLevel.Warning, "Could not finish an interrupted stock change of {Item}; retrying: {Reason}")]
    private partial void LogFailed(string item, string reason);
}
