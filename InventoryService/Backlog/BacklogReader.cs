namespace Seckill.InventoryService.Backlog;

/// <summary>
/// Asks one store once a second what waits there, for metrics and dashboard alike. Each store has a reader of its own, so that a store
/// that is down hides nothing of the others.
/// </summary>
internal abstract partial class BacklogReader<T>(string store, TimeProvider clock, ILogger logger) : PeriodicService(clock)
    where T : class
{
    private readonly Meter _meter = new(Measurements.Name);
    private volatile Answer? _last;
    private volatile bool _isUp = true;

    /// <summary>The last answer, however old; null before the first.</summary>
    public T? Last => _last?.Value;

    /// <summary>The last answer; null while the store does not answer.</summary>
    public T? Current => _isUp ? Last : null;

    /// <summary>Age of <see cref="Last"/>; null before the first answer.</summary>
    public double? AgeSeconds => _last is { } last ? Math.Round(Clock.GetElapsedTime(last.At).TotalSeconds, 1) : null;

    public override void Dispose()
    {
        _meter.Dispose();
        base.Dispose();
    }

    protected override TimeSpan Interval => TimeSpan.FromSeconds(1);
    protected override bool StartsAtOnce => true;

    /// <summary>A gauge of the last answer; without values while the store does not answer.</summary>
    protected void Gauge<TValue>(string name, string unit, string text, Func<T, IEnumerable<Measurement<TValue>>> measure)
        where TValue : struct => _meter.CreateObservableGauge(name, () => Current is { } now ? measure(now) : [], unit, text);

    /// <summary>Asks the store; any exception means that it is down.</summary>
    protected abstract Task<T> ReadAsync(CancellationToken cancellationToken);

    protected override async Task RunRoundAsync(CancellationToken stoppingToken)
    {
        _last = new Answer(await ReadAsync(stoppingToken), Clock.GetTimestamp());
        _isUp = true;
    }

    protected override void OnFailure(Exception exception, bool isRepeated)
    {
        _isUp = false;
        base.OnFailure(exception, isRepeated);
    }

    protected override void OnOutage(Exception exception) => LogFailed(store, exception.Message);

    [LoggerMessage(470, LogLevel.Warning, "Could not measure the backlog in {Store}; retrying: {Reason}")]
    private partial void LogFailed(string store, string reason);

    private sealed record Answer(T Value, long At);
}
