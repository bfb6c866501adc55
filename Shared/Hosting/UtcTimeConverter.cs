using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Seckill.Shared.Hosting;

/// <summary>
/// RFC 3339 times: written in UTC with milliseconds and <c>Z</c>; read only with an offset, for a time without one is a guess.
/// </summary>
public sealed class UtcTimeConverter : JsonConverter<DateTimeOffset>
{
    private const string Written = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

    private const DateTimeStyles ReadAsUtc = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;

    private static readonly string[] s_read =
        ["yyyy-MM-dd'T'HH:mm:sszzz", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFzzz", "yyyy-MM-dd'T'HH:mm:ss'Z'", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'"];

    /// <inheritdoc/>
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String
        && DateTimeOffset.TryParseExact(
            reader.GetString(), s_read, CultureInfo.InvariantCulture, ReadAsUtc, out var time)
            ? time
            : throw new JsonException();

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options)
    {
        Span<char> text = stackalloc char[Written.Length];
        value.UtcDateTime.TryFormat(text, out var length, Written, CultureInfo.InvariantCulture);
        writer.WriteStringValue(text[..length]);
    }
}
