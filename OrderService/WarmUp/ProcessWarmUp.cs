using System.Diagnostics;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Seckill.OrderService.WarmUp;

/// <summary>
/// Runs the rehearsals once the server listens. Until they end, or their time is over, the process is neither ready nor serving; it is
/// alive, and answers every request that comes all the same.
/// </summary>
internal sealed partial class ProcessWarmUp(
    IEnumerable<IRehearsal> rehearsals, IHostApplicationLifetime lifetime, IOptions<WarmUpOptions> options, ILogger<ProcessWarmUp> logger)
    : BackgroundService, IHealthCheck
{
    public const string CheckName = "warm-up";

    private readonly TimeSpan _longest = TimeSpan.FromMilliseconds(options.Value.LongestMilliseconds);
    private volatile bool _isOver = options.Value.LongestMilliseconds == 0;

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(_isOver
            ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy("warming up; send requests to another instance"));

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (_isOver)
        {
            return;
        }

        var listens = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = lifetime.ApplicationStarted.Register(listens.SetResult);
        await listens.Task.WaitAsync(stoppingToken);
        var startedAt = Stopwatch.GetTimestamp();
        using var time = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        time.CancelAfter(_longest);
        try
        {
            // Not waited for beyond the time: a call to a store that does not answer may take longer.
            await Task.WhenAll(rehearsals.Select(rehearsal => Task.Run(() => rehearsal.RunAsync(time.Token), time.Token)))
                .WaitAsync(time.Token);
            LogWarm(Milliseconds(startedAt));
        }
#pragma warning disable CA1031 // A failure costs only the warm-up; the process becomes ready without it.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            if (!stoppingToken.IsCancellationRequested)
            {
                LogIncomplete(Milliseconds(startedAt), exception is OperationCanceledException ? "its time was over" : exception.Message);
            }
        }
        finally
        {
            _isOver = true;
        }
    }

    private static long Milliseconds(long startedAt) => (long)Stopwatch.GetElapsedTime(startedAt).TotalMilliseconds;

    [LoggerMessage(210, LogLevel.Information, "Warmed up in {Milliseconds} ms.")]
    private partial void LogWarm(long milliseconds);
    [LoggerMessage(211, LogLevel.Information, "Not warm after {Milliseconds} ms: {Reason}. The first requests may be slow.")]
    private partial void LogIncomplete(long milliseconds, string reason);
}
