using System.Globalization;
using Seckill.OrderService.Reservations;

namespace Seckill.OrderService.Overload;

/// <summary>
/// Measures how long clicks wait for Redis and work for a processor, and lets the <see cref="OverloadController"/> follow it. Its rounds
/// need neither a store nor another instance.
/// </summary>
internal sealed partial class OverloadWatch(
    OverloadController controller, OverloadControl control, ReservationBatcher batcher, TimeProvider clock, ILogger<OverloadWatch> logger)
    : PeriodicService(clock)
{
    private const double Smoothing = 0.25;
    private const int RoundsBetweenReads = 4;
    // Two of them make the time for which a queue must stand (CoDel, RFC 8289).
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan s_quiet = TimeSpan.FromSeconds(5);
    private readonly CpuProbe _probe = new(clock);
    private readonly Meter _meter = new(Measurements.Name);
    private Dictionary<string, long> _before = [];
    private double _cpuMilliseconds;
    private long _rounds;
    private long _shed;
    private long _shedAt;
    private bool _isShedding;

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        _meter.CreateObservableGauge("seckill.overload.limit", () => controller.Limit, "{request}", "Clicks that are admitted at once.");
        _meter.CreateObservableGauge(
            "seckill.overload.in_flight", () => controller.InFlight, "{request}", "Clicks that are admitted and not answered.");
        _meter.CreateObservableCounter(
            "seckill.overload.shed",
            () => controller.Shed().Select(shed => new Measurement<long>(
                shed.Count, new KeyValuePair<string, object?>("class", shed.Class),
                new KeyValuePair<string, object?>("reason", shed.Reason))),
            "{request}", "Requests that were refused for the load, by class and reason.");
        return base.StartAsync(cancellationToken);
    }

    public override void Dispose()
    {
        _meter.Dispose();
        base.Dispose();
    }

    protected override TimeSpan Interval => s_interval;

    protected override Task RunRoundAsync(CancellationToken stoppingToken)
    {
        _cpuMilliseconds += Smoothing * (_probe.Take().TotalMilliseconds - _cpuMilliseconds);
        var (queueWait, served) = batcher.TakeQueueWait();
        controller.Update(control.Current, queueWait, TimeSpan.FromMilliseconds(_cpuMilliseconds), served);
        if (controller.IsNearLimit && _rounds++ % RoundsBetweenReads == 0)
        {
            // A retry must be known before it could be shed.
            batcher.ReadBuyers();
        }

        Report();
        return Task.CompletedTask;
    }

    private void Report()
    {
        var shed = controller.Shed().Sum(one => one.Count);
        if (shed > _shed)
        {
            (_shed, _shedAt) = (shed, Clock.GetTimestamp());
            if (!_isShedding)
            {
                _isShedding = true;
                LogBegin(controller.Limit, controller.InFlight, controller.Pressure.Queue, controller.Pressure.Cpu);
            }
        }
        else if (_isShedding && Clock.GetElapsedTime(_shedAt) >= s_quiet)
        {
            _isShedding = false;
            var now = controller.Shed().GroupBy(one => one.Class).ToDictionary(kind => kind.Key, kind => kind.Sum(one => one.Count));
            LogEnd(string.Join(", ", now.Where(kind => kind.Value > _before.GetValueOrDefault(kind.Key)).Select(kind => string.Create(
                CultureInfo.InvariantCulture, $"{kind.Value - _before.GetValueOrDefault(kind.Key)} {kind.Key}"))));
            _before = now;
        }
    }

    [LoggerMessage(230, LogLevel.Warning,
        "More requests come than this instance can serve; it refuses some. Clicks at once: {InFlight} of {Limit}. Wait for Redis: "
        + "{QueuePressure:0.0} times its target; for a processor: {CpuPressure:0.0} times")]
    private partial void LogBegin(int limit, int inFlight, double queuePressure, double cpuPressure);

    [LoggerMessage(231, LogLevel.Information, "Every request is admitted again. Refused meanwhile: {Shed}")]
    private partial void LogEnd(string shed);
}
