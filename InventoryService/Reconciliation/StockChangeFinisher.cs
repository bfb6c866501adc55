using Npgsql;
using Seckill.InventoryService.Sales;
using StackExchange.Redis;

namespace Seckill.InventoryService.Reconciliation;

/// <summary>Finishes changes of stock that a crash left half made.</summary>
internal sealed partial class StockChangeFinisher(StockChanges changes, TimeProvider clock, ILogger<StockChangeFinisher> logger)
    : BackgroundService
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_age = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(s_interval, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await FinishAllAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The process stops; the changes stay recorded.
        }
    }

    private async Task FinishAllAsync(CancellationToken cancellationToken)
    {
        try
        {
            foreach (var (item, key, delta) in await changes.FindUnfinishedAsync(s_age, cancellationToken))
            {
                LogFinished(item.ToString(), delta, await changes.FinishAsync(item, key, delta, cancellationToken));
            }
        }
        catch (Exception exception) when (exception is NpgsqlException or RedisException or TimeoutException)
        {
            LogFailed(exception.Message);
        }
    }

    [LoggerMessage(420, LogLevel.Warning, "A change of {Delta} units of {Item} had been left half made; now: {Outcome}.")]
    private partial void LogFinished(string item, int delta, StockChangeOutcome outcome);

    [LoggerMessage(421, LogLevel.Warning, "Half-made changes of stock could not be finished; the next round tries again: {Reason}")]
    private partial void LogFailed(string reason);
}
