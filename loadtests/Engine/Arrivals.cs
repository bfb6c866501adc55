namespace Seckill.LoadTests.Engine;

/// <summary>Visitors arrive at a rate that changes linearly over the phase.</summary>
/// <param name="FromPerSecond">At its beginning.</param>
/// <param name="ToPerSecond">At its end.</param>
/// <param name="Seconds">How long it lasts.</param>
public sealed record Phase(double FromPerSecond, double ToPerSecond, double Seconds)
{
    /// <summary>How many come in its first <paramref name="seconds"/>.</summary>
    internal double CountBy(double seconds)
    {
        var time = Math.Clamp(seconds, 0, Seconds);
        return time * (FromPerSecond + ((ToPerSecond - FromPerSecond) * time / Seconds / 2));
    }
}

/// <summary>When visitors arrive: phases one after another.</summary>
public sealed class Arrivals(IReadOnlyList<Phase> phases)
{
    /// <summary>Length of all phases.</summary>
    public double Seconds { get; } = phases.Sum(phase => phase.Seconds);

    /// <summary>How many visitors come in all.</summary>
    public long Count => CountBy(Seconds);

    /// <summary>How many have come, that many seconds after the start.</summary>
    public long CountBy(double seconds)
    {
        var (count, from) = (0.0, 0.0);
        foreach (var phase in phases)
        {
            count += phase.CountBy(seconds - from);
            from += phase.Seconds;
        }

        // Sums of fractions end a hair below a whole number.
        return (long)(count + 1e-6);
    }
}
