using Microsoft.Extensions.Options;
using Npgsql;
using Seckill.InventoryService.Audit;
using StackExchange.Redis;

namespace Seckill.InventoryService.Rebuild;

/// <summary>(12) Rebuilds what Redis lost without waiting for an operator, when <c>Rebuild:Automatic</c> says so.</summary>
internal sealed partial class AutomaticRebuild(
    AuditRows rows, StockRebuild rebuild, IOptions<RebuildOptions> options, TimeProvider clock,
    ILogger<AutomaticRebuild> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!options.Value.Automatic)
        {
            return;
        }

        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(options.Value.IntervalMilliseconds), clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await RebuildAllAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The process stops; what is not rebuilt stays stopped.
        }
    }

    private async Task RebuildAllAsync(CancellationToken cancellationToken)
    {
        try
        {
            foreach (var item in (await rows.ItemsAsync(null, cancellationToken)).Where(item => item.lost_at is not null))
            {
                if (await rebuild.RebuildAsync(item, cancellationToken) is var outcome and not RebuildOutcome.Done)
                {
                    LogNotDone(item.Key.ToString(), outcome);
                }
            }
        }
#pragma warning disable CA1031 // Whatever it was, the next round tries again; the service never stops for it.
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
        {
            LogFailed(exception.Message);
        }
    }

    [LoggerMessage(462, LogLevel.Warning, "{Item} could not be rebuilt yet: {Outcome}.")]
    private partial void LogNotDone(string item, RebuildOutcome outcome);

    [LoggerMessage(463, LogLevel.Warning, "The rebuild failed; the next round tries again: {Reason}")]
    private partial void LogFailed(string reason);
}
