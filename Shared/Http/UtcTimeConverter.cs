using System.Text.Json;
using System.Text.Json.Serialization;

namespace Seckill.Shared.Http;

/// <summary>
/// RFC 3339 times: written in UTC with milliseconds and <c>Z</c>; read only with an offset, because a time without one is ambiguous.
/// </summary>
public sealed class UtcTimeConverter : JsonConverter<DateTimeOffset>
{
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
        // The round-trip format, cut after the milliseconds: a format of our own takes several times as long, in every answer.
        const int Milliseconds = 23;
        Span<byte> text = stackalloc byte[28];
        value.UtcDateTime.TryFormat(text, out _, "O", CultureInfo.InvariantCulture);
        text[Milliseconds] = (byte)'Z';
        writer.WriteStringValue(text[..(Milliseconds + 1)]);
    }
}
