using Seckill.LoadTests.Engine;

namespace Seckill.LoadTests.Load;

/// <summary>The visitors of a run, for its sender.</summary>
public sealed class Visitors
{
    private readonly Func<long, long, Visit> _create;

    /// <param name="scenario">What they do.</param>
    /// <param name="settings">How many, and how fast.</param>
    /// <param name="recorder">Counts them.</param>
    /// <param name="create">A visit by its number and the moment at which it is due (Stopwatch timestamp).</param>
    public Visitors(Scenario scenario, LoadSettings settings, Recorder recorder, Func<long, long, Visit> create)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        (Scenario, Settings, Arrivals, _create) = (scenario, settings, scenario.Arrivals(settings), create);
        Engine = new LoadEngine(recorder, (number, due) => scenario.VisitAsync(create(number, due)));
    }

    /// <summary>What they do.</summary>
    public Scenario Scenario { get; }

    /// <summary>How many, and how fast.</summary>
    public LoadSettings Settings { get; }

    /// <summary>When they come in an open loop.</summary>
    public Arrivals Arrivals { get; }

    /// <summary>Seckill's own loops. It also counts the visitors of any other sender.</summary>
    public LoadEngine Engine { get; }

    /// <summary>A visitor of another sender, from arrival to departure.</summary>
    /// <param name="number">Zero-based visitor index.</param>
    /// <param name="dueAt">Stopwatch timestamp from which the latency of the first request counts.</param>
    /// <param name="meter">Sees each request; see <see cref="Visit.Meter"/>.</param>
    public Task VisitAsync(long number, long dueAt, Func<Step, Func<Task<ShopAnswer>>, Task<ShopAnswer>> meter)
    {
        var visit = _create(number, dueAt);
        visit.Meter = meter;
        return Engine.CountAsync(() => Scenario.VisitAsync(visit));
    }
}
