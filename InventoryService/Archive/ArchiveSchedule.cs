using System.ComponentModel.DataAnnotations;

namespace Seckill.InventoryService.Archive;

/// <summary>Settings under <c>Archive</c>.</summary>
public sealed class ArchiveOptions
{
    /// <summary>Days after its end at which a closed sale is archived automatically. 0: an operator archives sales.</summary>
    [Range(0, 3_650)] public int AfterDays { get; set; }
}

/// <summary>Finishes archives that a dead process left, and archives sales that are due.</summary>
internal sealed partial class ArchiveSchedule(
    SaleArchiver archiver, IOptions<ArchiveOptions> options, TimeProvider clock, ILogger<ArchiveSchedule> logger) : PeriodicService(clock)
{
    private readonly HashSet<long> _reported = [];

    /// <summary>Does what is due now.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        foreach (var saleId in await archiver.UnfinishedAsync(cancellationToken))
        {
            await archiver.RemoveAsync(saleId, cancellationToken);
            LogFinished(saleId);
        }

        if (options.Value.AfterDays == 0)
        {
            return;
        }

        foreach (var saleId in await archiver.DueAsync(options.Value.AfterDays, cancellationToken))
        {
            var (archive, reasons) = await archiver.ArchiveAsync(saleId, "schedule", cancellationToken);
            if (archive is not null)
            {
                LogArchived(saleId, archive.Orders);
            }
            else if (_reported.Add(saleId))
            {
                LogRefused(saleId, string.Join(' ', reasons));
            }
        }
    }

    protected override TimeSpan Interval => TimeSpan.FromSeconds(5);
    protected override Task RunRoundAsync(CancellationToken stoppingToken) => RunAsync(stoppingToken);
    protected override void OnOutage(Exception exception) => LogFailed(exception.Message);

    [LoggerMessage(530, LogLevel.Information, "Sale {Sale} is archived with {Orders} orders, as it is planned.")]
    private partial void LogArchived(long sale, long orders);
    [LoggerMessage(531, LogLevel.Warning, "Finished an interrupted archive: Redis has nothing of sale {Sale} any more.")]
    private partial void LogFinished(long sale);
    [LoggerMessage(532, LogLevel.Error, "Sale {Sale} is due and cannot be archived: {Reasons}")]
    private partial void LogRefused(long sale, string reasons);
    [LoggerMessage(533, LogLevel.Warning, "Could not archive the sales that are due; retrying: {Reason}")]
    private partial void LogFailed(string reason);
}
