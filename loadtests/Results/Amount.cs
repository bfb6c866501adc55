using System.Globalization;

namespace Seckill.LoadTests.Results;

/// <summary>Numbers as people read them, the same in every culture.</summary>
public static class Amount
{
    /// <summary>Thousands separated, no decimals.</summary>
    public static string Text(double number) => number.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>Seconds with up to two decimals, or milliseconds when below one second.</summary>
    public static string Text(TimeSpan time) => time < TimeSpan.FromSeconds(1)
        ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:0} ms")
        : string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.00} s");
}
