using System.Text.Json;
using System.Text.Json.Serialization;

namespace Seckill.Shared.Http;

/// <summary>
/// RFC 3339 times: written in UTC with milliseconds and <c>Z</c>; read only with an offset, because a time without one is ambiguous.
/// </summary>
public sealed class UtcTimeConverter : JsonConverter<DateTimeOffset>
{
    private const string Written = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

    private const DateTimeStyles ReadAsUtc = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;

    private static readonly string[] s_read =
        ["yyyy-MM-dd'T'HH:mm:sszzz", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFzzz", "yyyy-MM-dd'T'HH:mm:ss'Z'", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'"];

    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String
        && DateTimeOffset.TryParseExact(
            Plain(reader.GetString()!), s_read, CultureInfo.InvariantCulture, ReadAsUtc, out var time)
            ? time
            : throw new JsonException();

    // RFC 3339 allows lower-case letters and fractions of any length; .NET has 100 ns.
    private static string Plain(string text)
    {
        const int DateAndTime = 19;
        const int Digits = 7;
        var end = text.Length > DateAndTime && text[DateAndTime] == '.'
            ? text.AsSpan(DateAndTime + 1).IndexOfAnyExceptInRange('0', '9') : -1;
        var plain = end > Digits ? text.Remove(DateAndTime + 1 + Digits, end - Digits) : text;
        return plain.ToUpperInvariant();
    }

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options)
    {
        Span<char> text = stackalloc char[Written.Length];
        value.UtcDateTime.TryFormat(text, out var length, Written, CultureInfo.InvariantCulture);
        writer.WriteStringValue(text[..length]);
    }
}
