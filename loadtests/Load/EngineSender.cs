namespace Seckill.LoadTests.Load;

/// <summary>Seckill's own engine: an open loop on a grid of a millisecond, or a closed one.</summary>
public sealed class EngineSender : ISender
{
    /// <inheritdoc/>
    public string? Remark => null;

    /// <inheritdoc/>
    public bool ShowsProgress => false;

    /// <inheritdoc/>
    public Task SendAsync(Visitors visitors, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(visitors);
        var (engine, settings) = (visitors.Engine, visitors.Settings);
        return settings.Users == 0
            ? engine.RunOpenAsync(visitors.Arrivals, stop)
            : engine.RunClosedAsync(
                settings.Users, settings.Visits > 0 ? TimeSpan.MaxValue : TimeSpan.FromSeconds(settings.Seconds),
                TimeSpan.FromMilliseconds(settings.ThinkMilliseconds), stop, settings.Visits > 0 ? settings.Visits : long.MaxValue);
    }
}
