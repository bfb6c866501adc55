using System.CommandLine;
using System.Globalization;
using System.Numerics;

namespace Seckill.LoadTests;

/// <summary>An option that takes a number within bounds, in the invariant culture.</summary>
internal static class NumberOption
{
    /// <summary>An option without a default: its value is null when it is not given.</summary>
    /// <param name="name">With its dashes.</param>
    /// <param name="description">For the help.</param>
    /// <param name="minimum">Lowest valid value.</param>
    /// <param name="maximum">Highest valid value.</param>
    public static Option<T?> Create<T>(string name, string description, T minimum, T maximum)
        where T : struct, INumber<T> => new(name)
    {
        Description = description,
        // The library's own message for an invalid number names a type of the language.
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (T.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value >= minimum && value <= maximum)
            {
                return value;
            }

            var kind = typeof(T) == typeof(int) ? "a whole number" : "a number";
            result.AddError(string.Create(
                CultureInfo.InvariantCulture, $"{name} must be {kind} from {minimum} to {maximum}, not '{text}'."));
            return null;
        },
    };
}
