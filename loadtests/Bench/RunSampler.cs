using System.Diagnostics;
using Seckill.LoadTests.Client;
using Seckill.LoadTests.Results;

namespace Seckill.LoadTests.Bench;

/// <summary>Samples the backlog and the PostgreSQL connections during the load.</summary>
public sealed class RunSampler
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(50);
    private const int TicksBetweenConnectionCounts = 5;
    // While the first orders arrive the backlog must grow from nothing to its steady depth.
    private const double RampSeconds = 1;
    private readonly Dictionary<string, int> _connections = [];
    private readonly List<(double Second, double Depth)> _backlog = [];

    /// <summary>Maximum concurrent connections, by application name.</summary>
    public IReadOnlyDictionary<string, int> Connections => _connections;

    /// <summary>Mean backlog; null when it was not sampled.</summary>
    public double? Mean => _backlog.Count == 0 ? null : _backlog.Average(sample => sample.Depth);

    /// <summary>Largest backlog.</summary>
    public double? Maximum => _backlog.Count == 0 ? null : _backlog.Max(sample => sample.Depth);

    /// <summary>Orders per second by which the backlog grew (least squares), after the first second.</summary>
    public double? Slope => Trend.Slope([.. _backlog.Where(sample => sample.Second > RampSeconds)]);

    /// <summary>Samples until <paramref name="stop"/>.</summary>
    /// <param name="stores">Where.</param>
    /// <param name="sale">Whose backlog; null when there is none.</param>
    /// <param name="stop">The load is over.</param>
    public async Task RunAsync(BenchStores stores, Sale? sale, CancellationToken stop)
    {
        var startedAt = Stopwatch.GetTimestamp();
        for (var tick = 0; !stop.IsCancellationRequested; tick++)
        {
            if (sale is not null)
            {
                _backlog.Add((Stopwatch.GetElapsedTime(startedAt).TotalSeconds, await stores.BacklogAsync(sale)));
            }

            if (tick % TicksBetweenConnectionCounts == 0)
            {
                foreach (var (name, count) in await stores.ConnectionsAsync())
                {
                    _connections[name] = Math.Max(count, _connections.GetValueOrDefault(name));
                }
            }

            await Task.Delay(s_interval, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
