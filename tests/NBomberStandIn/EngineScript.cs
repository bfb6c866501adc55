using NBomber.Contracts;
using NBomber.Contracts.Stats;
using NBomber.CSharp;

namespace NBomber.StandIn;

/// <summary>What the fake engine does, and what it saw. Each flow of a test has its own.</summary>
public sealed class EngineScript
{
    private static readonly AsyncLocal<EngineScript?> s_current = new();

    /// <summary>Of this flow; by default everything goes well.</summary>
    public static EngineScript Current => s_current.Value ?? new EngineScript();

    /// <summary>It throws this instead of sending.</summary>
    public Exception? Failure { get; init; }

    /// <summary>It goes on when it should stop.</summary>
    public bool IsDeaf { get; init; }

    /// <summary>Every visitor but the first begins so much later than it should.</summary>
    public TimeSpan Late { get; init; }

    /// <summary>Visitors whom it forgets.</summary>
    public int Forgets { get; init; }

    /// <summary>Its configuration has a warm-up: iterations before those of the load.</summary>
    public int WarmUpIterations { get; init; }

    /// <summary>As it was configured; null before the run.</summary>
    public NBomberContext? Context { get; internal set; }

    /// <summary>Its headline before version 6.6, or with StatsBasedOnIterations: iterations, not requests.</summary>
    public ScenarioStats? Iterations { get; internal set; }

    /// <summary>Its final statistics, in which a scenario is the sum of its steps.</summary>
    public NodeStats? Stats { get; internal set; }

    /// <summary>Moments at which visitors began, in seconds since the start.</summary>
    public IReadOnlyList<double> Begun { get; internal set; } = [];

    /// <summary>Why it was stopped; null when it was not.</summary>
    public string? StopReason { get; internal set; }

    /// <summary>The engine of this flow follows the script.</summary>
    public EngineScript Use()
    {
        s_current.Value = this;
        return this;
    }
}
