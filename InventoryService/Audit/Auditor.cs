using System.Diagnostics;
using Microsoft.Extensions.Options;
using Npgsql;
using StackExchange.Redis;

namespace Seckill.InventoryService.Audit;

/// <summary>
/// (11) Audits every item, round after round, for at most a quarter of the time, or half of it where a break would else be told too late.
/// It finds and tells, and changes nothing, but for one case: an item that sells units a second time, because Redis lost holds, is stopped.
/// </summary>
internal sealed partial class Auditor(
    AuditRows rows, ItemAuditor auditor, AuditBook book, LossWatch losses, IOptions<AuditorOptions> options, TimeProvider clock,
    ILogger<Auditor> logger) : BackgroundService
{
    private const int PausePerRound = 3;

    // What breaks just after it was looked at waits for the rest of that round, the pause, and the next round.
    private static readonly TimeSpan s_alarmWithin = TimeSpan.FromSeconds(9);

    /// <summary>How long to leave the stores alone after a round that took so long.</summary>
    internal static TimeSpan PauseAfter(TimeSpan round, TimeSpan least)
    {
        var inTime = s_alarmWithin - 2 * round;
        var fair = PausePerRound * round;
        var pause = fair < inTime ? fair : inTime;
        return new[] { least, round, pause }.Max();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var least = TimeSpan.FromMilliseconds(options.Value.IntervalMilliseconds);
        var pause = least;
        try
        {
            while (true)
            {
                await Task.Delay(pause, clock, stoppingToken);
                var startedAt = Stopwatch.GetTimestamp();
                await AuditAllAsync(stoppingToken);
                pause = PauseAfter(Stopwatch.GetElapsedTime(startedAt), least);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The process stops; another one, or the next start, audits.
        }
    }

    private async Task AuditAllAsync(CancellationToken cancellationToken)
    {
        try
        {
            foreach (var item in await rows.ItemsAsync(null, cancellationToken))
            {
                await AuditAsync(item, cancellationToken);
            }

            book.EndRound();
        }
        catch (Exception exception) when (exception is NpgsqlException or RedisException or TimeoutException)
        {
            LogFailed("all items", exception.Message);
        }
    }

    private async Task AuditAsync(AuditedItem item, CancellationToken cancellationToken)
    {
        try
        {
            var audit = await auditor.AuditAsync(item, cancellationToken);
            if (book.Enter(audit))
            {
                Tell(audit);
            }

            if (audit.SellsTooMuch)
            {
                await losses.DeclareLostAsync(
                    item.Key, async current => (await auditor.AuditAsync(current, cancellationToken)).SellsTooMuch, cancellationToken);
            }
        }
#pragma warning disable CA1031 // A value that nobody of ours wrote, a sale that was deleted: the other items go on.
        catch (Exception exception) when (
            exception is not (OperationCanceledException or NpgsqlException or RedisConnectionException or TimeoutException))
#pragma warning restore CA1031
        {
            LogFailed(item.Key.ToString(), exception.Message);
        }
    }

    private void Tell(ItemAudit audit)
    {
        if (audit.Findings.Count == 0)
        {
            LogBalanced(audit.Item.ToString());
        }
        else
        {
            var examples = string.Join("; ", audit.Findings.Take(3).Select(finding => finding.Text));
            LogUnbalanced(audit.Item.ToString(), audit.Findings.Count, examples);
        }
    }

    [LoggerMessage(440, LogLevel.Error, "The books of {Item} are out of balance, {Findings} findings: {Examples}")]
    private partial void LogUnbalanced(string item, int findings, string examples);

    [LoggerMessage(441, LogLevel.Information, "The books of {Item} are balanced again.")]
    private partial void LogBalanced(string item);

    [LoggerMessage(442, LogLevel.Warning, "The audit of {Item} failed; the next round tries again: {Reason}")]
    private partial void LogFailed(string item, string reason);
}
