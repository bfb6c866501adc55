namespace Seckill.LoadTests.Client;

/// <summary>The waiting room of a sale, as it is created.</summary>
/// <param name="AdmitPerSecond">Most buyers admitted in a second.</param>
/// <param name="PassSeconds">How long a pass lasts.</param>
public sealed record SaleRoom(int AdmitPerSecond, int PassSeconds);
