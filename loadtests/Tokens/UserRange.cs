using System.Globalization;

namespace Seckill.LoadTests.Tokens;

/// <summary>One user (<c>42</c>) or a closed range of users (<c>1-1000</c>). Ids are positive 64-bit integers.</summary>
/// <param name="First">The lowest user id, at least 1.</param>
/// <param name="Last">The highest user id, included.</param>
public readonly record struct UserRange(long First, long Last)
{
    /// <summary>More tokens than this in one call is refused as a typing error.</summary>
    public const long MaximumUsers = 10_000_000;

    /// <summary>How many users the range names.</summary>
    public long Count => Last - First + 1;

    /// <summary>False, and why, when the text is not a user or a range of at most <see cref="MaximumUsers"/>.</summary>
    public static bool TryParse(string text, out UserRange range, out string reason)
    {
        range = default;
        var dash = text.IndexOf('-', StringComparison.Ordinal);
        var first = dash < 0 ? text : text[..dash];
        var last = dash < 0 ? text : text[(dash + 1)..];
        if (!TryParseUser(first, out var low) || !TryParseUser(last, out var high))
        {
            reason = $"'{text}' is not a user id or a range of them. Write a positive 64-bit integer (42) or two with a dash (1-1000).";
            return false;
        }

        if (low > high)
        {
            reason = $"'{text}' runs backwards: the first user of a range is the smaller one.";
            return false;
        }

        if (high - low >= MaximumUsers)
        {
            reason = string.Create(CultureInfo.InvariantCulture, $"'{text}' names more than {MaximumUsers:N0} users.");
            return false;
        }

        range = new UserRange(low, high);
        reason = "";
        return true;
    }

    private static bool TryParseUser(string text, out long user) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out user) && user > 0;
}
