namespace Seckill.LoadTests.Client;

/// <summary>The answer of <c>GET /dual-write</c>.</summary>
/// <param name="Mode">How the legacy database is used.</param>
/// <param name="Pending">Changes that wait.</param>
/// <param name="Verified">Orders read back and found equal, once for each write.</param>
/// <param name="Mismatched">Open discrepancies without the missing orders.</param>
/// <param name="Missing">Open discrepancies of orders that the legacy database lacks.</param>
/// <param name="LagSeconds">Age of the oldest change that waits.</param>
/// <param name="Breaker">The worst state of all processes.</param>
public sealed record DualWriteView(
    string Mode, long Pending, long Verified, long Mismatched, long Missing, double LagSeconds, string Breaker);

/// <summary>The body of <c>PUT /dual-write</c>.</summary>
/// <param name="Mode">How the legacy database is to be used.</param>
public sealed record DualWriteMode(string Mode);
