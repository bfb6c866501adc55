namespace Seckill.Shared.Money;

/// <summary>
/// How many digits of an amount are minor units: ISO 4217, list one, 2024. The one table: libraries for display follow other lists (a
/// browser shows HUF, IDR and COP without digits), and an amount would be off by a factor of a hundred.
/// </summary>
public static class MinorUnits
{
    private const int Usual = 2;

    // Where they are not 2.
    private static readonly Dictionary<string, int> s_digits = new()
    {
        ["BIF"] = 0, ["CLP"] = 0, ["DJF"] = 0, ["GNF"] = 0, ["ISK"] = 0, ["JPY"] = 0, ["KMF"] = 0, ["KRW"] = 0, ["PYG"] = 0,
        ["RWF"] = 0, ["UGX"] = 0, ["UYI"] = 0, ["VND"] = 0, ["VUV"] = 0, ["XAF"] = 0, ["XOF"] = 0, ["XPF"] = 0,
        ["BHD"] = 3, ["IQD"] = 3, ["JOD"] = 3, ["KWD"] = 3, ["LYD"] = 3, ["OMR"] = 3, ["TND"] = 3, ["CLF"] = 4, ["UYW"] = 4,
    };

    /// <summary>Digits of the minor unit, 0 to 4; 2 for a code that the list does not have.</summary>
    /// <param name="currency">ISO 4217 code.</param>
    public static int DigitsOf(string currency) => s_digits.GetValueOrDefault(currency, Usual);
}
