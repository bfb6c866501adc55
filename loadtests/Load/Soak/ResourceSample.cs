namespace Seckill.LoadTests.Load.Soak;

/// <summary>What a system uses at one moment.</summary>
/// <param name="Second">Since the start of the run.</param>
/// <param name="Orders">Accepted so far.</param>
/// <param name="Values">By name, such as <c>api-1 memory</c>; what could not be read is left out.</param>
public sealed record ResourceSample(double Second, long Orders, IReadOnlyDictionary<string, double> Values);
