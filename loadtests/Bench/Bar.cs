namespace Seckill.LoadTests.Bench;

/// <summary>A mark, and the measurement.</summary>
/// <param name="Name">What is measured.</param>
/// <param name="Needed">In words.</param>
/// <param name="Value">What was measured, with its spread where there is one.</param>
/// <param name="IsMet">Whether it is reached.</param>
public sealed record Bar(string Name, string Needed, string Value, bool IsMet);
