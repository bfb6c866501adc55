namespace Seckill.LoadTests.Demo;

/// <summary>The size of a demonstration.</summary>
/// <param name="Buyers">Buyers of the first sale.</param>
/// <param name="Stock">Units of each item.</param>
/// <param name="Items">Items on sale.</param>
/// <param name="Connections">Concurrent buyers.</param>
/// <param name="Seed">Decides what the buyers do.</param>
public sealed record DemoOptions(int Buyers, int Stock, int Items, int Connections, int Seed);
