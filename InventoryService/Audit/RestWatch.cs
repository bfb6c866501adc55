namespace Seckill.InventoryService.Audit;

/// <summary>
/// (11) Looks at one item at rest each minute, however many there are, for what no trigger sees: a Redis that lost a part of its data, or
/// that was changed by hand.
/// </summary>
internal sealed partial class RestWatch(ItemRest rest, TimeProvider clock, ILogger<RestWatch> logger) : PeriodicService(clock)
{
    protected override TimeSpan Interval => TimeSpan.FromMinutes(1);

    protected override async Task RunRoundAsync(CancellationToken stoppingToken)
    {
        if (await rest.LookAtOneAsync(stoppingToken) is { } woken)
        {
            LogWoken(woken.ToString());
        }
    }

    protected override void OnOutage(Exception exception) => LogFailed(exception.Message);

    [LoggerMessage(444, LogLevel.Warning, "{Item} was at rest and has changed; it is audited again.")]
    private partial void LogWoken(string item);
    [LoggerMessage(445, LogLevel.Warning, "Could not look at an item at rest; retrying: {Reason}")]
    private partial void LogFailed(string reason);
}
