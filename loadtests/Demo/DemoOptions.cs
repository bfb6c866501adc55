namespace Seckill.LoadTests.Demo;

/// <summary>The size of a demonstration.</summary>
/// <param name="Buyers">1 to 10,000,000.</param>
/// <param name="Stock">Units of each item, 1 to 100,000,000.</param>
/// <param name="Items">1 to 100.</param>
/// <param name="Connections">Buyers at a time, 1 to 10,000.</param>
/// <param name="Seed">Decides what the buyers do.</param>
public sealed record DemoOptions(int Buyers, int Stock, int Items, int Connections, int Seed);
