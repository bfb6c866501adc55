using System.Diagnostics.Metrics;
using Seckill.Shared.Telemetry;

namespace Seckill.Shared.Stock;

/// <summary>Counts the items that this process stopped because Redis had lost data of them. From 0, or an increase is missed.</summary>
public static class StockLosses
{
    private static readonly Meter s_meter = new(Measurements.Name);
    private static long s_count;

    static StockLosses() => s_meter.CreateObservableCounter(
        "seckill.stock.lost", () => Interlocked.Read(ref s_count), "{item}",
        "Sale items that this process stopped because Redis had lost data of them.");

    /// <summary>One more.</summary>
    public static void Count() => Interlocked.Increment(ref s_count);

    /// <summary>Shows the count, while it is still 0.</summary>
    internal static void Show()
    {
    }
}
