using System.Globalization;

namespace Seckill.InventoryService.Dashboard;

/// <summary>Numbers as people write them.</summary>
internal static class Words
{
    /// <summary>With a comma between thousands.</summary>
    public static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>A number of things: "1 unit", "2 units".</summary>
    public static string Some(long many, string what) => $"{Number(many)} {Plural(many, what)}";

    /// <summary>The word without the number.</summary>
    public static string Plural(long many, string what) => many == 1 ? what : what + "s";

    /// <summary>The form of the verb that belongs to the number.</summary>
    public static string Verb(long many, string one, string more) => many == 1 ? one : more;

    /// <summary>A rate as a whole number; a rate above zero is never shown as zero.</summary>
    public static long Rounded(double rate) => rate is > 0 and < 1 ? 1 : (long)Math.Round(rate);

    /// <summary>A duration in the unit that fits it.</summary>
    public static string Seconds(double seconds) => seconds switch
    {
        < 10 => seconds.ToString("0.0", CultureInfo.InvariantCulture) + " s",
        < 120 => seconds.ToString("0", CultureInfo.InvariantCulture) + " s",
        < 7_200 => (seconds / 60).ToString("0", CultureInfo.InvariantCulture) + " min",
        _ => (seconds / 3_600).ToString("0", CultureInfo.InvariantCulture) + " h",
    };
}
