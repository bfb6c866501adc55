using System.Runtime.CompilerServices;
using Seckill.InventoryService.Audit;

namespace Seckill.InventoryService.Rebuild;

/// <summary>
/// (12) Works on the rebuilds that are due, several items at a time. Each process has one; the lock of an item decides which of them
/// rebuilds it, and ends with its process. An item that fails waits for its next attempt and leaves its place to others.
/// </summary>
internal sealed partial class RebuildRunner(
    RebuildJobs jobs, StockRebuild rebuild, AuditRows rows, StockLedger stock, IOptions<RebuildOptions> options, TimeProvider clock,
    ILogger<RebuildRunner> logger) : PeriodicService(clock)
{
    private bool _isDown;

    protected override TimeSpan Interval => TimeSpan.FromMilliseconds(options.Value.IntervalMilliseconds);

    // One round as long as the process: a round that had to end would wait for its longest item, and a new job for the round.
    protected override Task RunRoundAsync(CancellationToken stoppingToken) => Parallel.ForEachAsync(
        DueAsync(stoppingToken),
        new ParallelOptions { MaxDegreeOfParallelism = options.Value.MaxConcurrentItems, CancellationToken = stoppingToken },
        (task, _) => RunAsync(task, stoppingToken));

    protected override void OnOutage(Exception exception) => LogDown(exception.Message);

    private async IAsyncEnumerable<RebuildTask> DueAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            if (await FindDueAsync(cancellationToken) is { } task)
            {
                yield return task;
            }
            else
            {
                await jobs.WaitForStartAsync(Interval, cancellationToken);
            }
        }
    }

    private async Task<RebuildTask?> FindDueAsync(CancellationToken cancellationToken)
    {
        try
        {
            var task = await jobs.FindDueAsync(cancellationToken);
            _isDown = false;
            return task;
        }
#pragma warning disable CA1031 // The rebuilds that run here must not end when this question fails, with any exception.
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
        {
            var isOutage = !IsBeforeTheSchema(exception);
            if (isOutage && !_isDown)
            {
                LogDown(exception.Message);
            }

            _isDown = isOutage;
            return null;
        }
    }

    private async ValueTask RunAsync(RebuildTask task, CancellationToken cancellationToken)
    {
        try
        {
            if (await AttemptAsync(task, cancellationToken) is { } error)
            {
                await FailAsync(task, error, cancellationToken);
            }
        }
#pragma warning disable CA1031 // What no attempt expects is a failed attempt as well, and the other items continue.
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
        {
            await FailAsync(task, exception.Message, cancellationToken);
        }
    }

    /// <returns>Why the attempt failed, or null.</returns>
    private async Task<string?> AttemptAsync(RebuildTask task, CancellationToken cancellationToken)
    {
        if (await rows.FindItemAsync(task.Item, cancellationToken) is not { } item)
        {
            return "The sale has no such item any more, or the item was never opened.";
        }

        switch (await rebuild.RebuildAsync(item, task, cancellationToken))
        {
            case RebuildOutcome.Done when await stock.InspectAsync(item.Keys) is { } rebuilt:
                await jobs.FinishAsync(task, rebuilt, cancellationToken);
                return null;
            case RebuildOutcome.Running:
                return null;
            case RebuildOutcome.NotDrained:
                return "Accepted orders have not reached PostgreSQL yet. Check RabbitMQ, the workers and PostgreSQL.";
            default:
                return "Redis lost data again during the rebuild.";
        }
    }

    private async Task FailAsync(RebuildTask task, string error, CancellationToken cancellationToken)
    {
        var isLast = task.Failures + 1 >= options.Value.MaxAttempts;
        try
        {
            await jobs.FailAsync(task, error, isLast, cancellationToken);
        }
#pragma warning disable CA1031 // Without its record the item is due again in a moment, which is no worse.
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
        {
            error = $"{error} {exception.Message}";
        }

        if (isLast)
        {
            LogFailed(task.Item.ToString(), task.Failures + 1, error);
        }
        else
        {
            LogRetry(task.Item.ToString(), error);
        }
    }

    [LoggerMessage(462, LogLevel.Warning, "Could not rebuild {Item}; retrying: {Reason}")]
    private partial void LogRetry(string item, string reason);
    [LoggerMessage(464, LogLevel.Error, "Could not rebuild {Item} in {Attempts} attempts. The item stays stopped: {Reason}")]
    private partial void LogFailed(string item, int attempts, string reason);
    [LoggerMessage(465, LogLevel.Warning, "Could not look for rebuilds that are due; retrying: {Reason}")]
    private partial void LogDown(string reason);
}
