namespace Seckill.LoadTests.Results;

/// <summary>How a value changes over time.</summary>
public static class Trend
{
    /// <summary>Change per second, by least squares; null when there are too few samples.</summary>
    public static double? Slope(IReadOnlyCollection<(double Second, double Value)> samples)
    {
        ArgumentNullException.ThrowIfNull(samples);
        if (samples.Count < 3)
        {
            return null;
        }

        var (time, mean) = (samples.Average(sample => sample.Second), samples.Average(sample => sample.Value));
        return samples.Sum(sample => (sample.Second - time) * (sample.Value - mean))
            / samples.Sum(sample => (sample.Second - time) * (sample.Second - time));
    }
}
