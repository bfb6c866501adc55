using Npgsql;
using Seckill.Shared.Stock;
using StackExchange.Redis;

namespace Seckill.InventoryService.Ledger;

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
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
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
                await FinishAsync(item, key, delta, cancellationToken);
            }
        }
        catch (Exception exception) when (IsOutage(exception))
        {
            LogFailed("all items", exception.Message);
        }
    }

    // One that cannot be finished must not stand before the others for ever.
    private async Task FinishAsync(ItemKey item, string key, int delta, CancellationToken cancellationToken)
    {
        try
        {
            LogFinished(item.ToString(), delta, await changes.FinishAsync(item, key, delta, cancellationToken));
        }
        catch (Exception exception) when (IsOutage(exception))
        {
            LogFailed(item.ToString(), exception.Message);
        }
    }

    private static bool IsOutage(Exception exception) => exception is NpgsqlException or RedisException or TimeoutException;

    [LoggerMessage(420, LogLevel.Warning, "A change of {Delta} units of {Item} had been left half made; now: {Outcome}.")]
    private partial void LogFinished(string item, int delta, StockChangeOutcome outcome);

    [LoggerMessage(421, LogLevel.Warning, "A half-made change of stock of {Item} could not be finished yet: {Reason}")]
    private partial void LogFailed(string item, string reason);
}
