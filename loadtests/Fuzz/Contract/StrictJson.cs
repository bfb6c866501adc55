using System.Text.Json;
using System.Text.Unicode;

namespace Seckill.Fuzz.Contract;

/// <summary>Reads JSON as strictly as the interface promises to: UTF-8, one value, no member twice, no comments.</summary>
internal static class StrictJson
{
    private static readonly JsonDocumentOptions s_strict = new() { AllowDuplicateProperties = false, MaxDepth = 64 };

    /// <summary>The value, or null when the bytes are not such JSON.</summary>
    public static JsonElement? Parse(ReadOnlyMemory<byte> bytes)
    {
        // The parser does not look into texts.
        if (!Utf8.IsValid(bytes.Span))
        {
            return null;
        }

        try
        {
            using var document = JsonDocument.Parse(bytes, s_strict);
            return document.RootElement.Clone();
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
