using System.Reflection;

namespace Seckill.OrderService.LegacyOrders.Database;

/// <summary>
/// The text of an enum's values, the same in JSON, in columns and in the labels of metrics: lower-case words with hyphens, or what
/// <see cref="JsonStringEnumMemberNameAttribute"/> says. Renaming a value changes interfaces and breaks CHECK constraints.
/// </summary>
internal sealed class EnumText<TEnum>() : JsonStringEnumConverter<TEnum>(s_policy, allowIntegerValues: false)
    where TEnum : struct, Enum
{
    private static readonly JsonNamingPolicy s_policy = JsonNamingPolicy.KebabCaseLower;
    private static readonly Dictionary<TEnum, string> s_texts =
        Enum.GetValues<TEnum>().ToDictionary(value => value, value => TextOf(value.ToString()));

    /// <summary>All texts, in the order of the values.</summary>
    public static IEnumerable<string> All => s_texts.Values;

    /// <summary>The text of a value.</summary>
    public static string Of(TEnum value) => s_texts[value];

    /// <summary>The value of a text, or null when no value has this text. Upper and lower case differ, as they do in SQL.</summary>
    public static TEnum? Find(string? text) =>
        s_texts.Where(known => known.Value == text).Select(known => (TEnum?)known.Key).FirstOrDefault();

    /// <summary>The value of a text that a CHECK constraint guards.</summary>
    /// <exception cref="FormatException">No value has this text.</exception>
    public static TEnum Parse(string text) => Find(text) ?? throw new FormatException($"\"{text}\" is no {typeof(TEnum).Name}.");

    private static string TextOf(string name) =>
        typeof(TEnum).GetField(name)!.GetCustomAttribute<JsonStringEnumMemberNameAttribute>()?.Name ?? s_policy.ConvertName(name);
}
