using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Net.Http.Headers;

namespace Seckill.Shared.Http;

/// <summary>Reads a small JSON body strictly, from the buffers of the connection.</summary>
public static class JsonBody
{
    private static readonly JsonDocumentOptions s_strict = new() { AllowDuplicateProperties = false };

    /// <summary>The value, or a refusal: 415, 413 over <paramref name="maximumBytes"/>, or 400 with the field.</summary>
    /// <param name="request">Request with the body.</param>
    /// <param name="type">Type of the value.</param>
    /// <param name="maximumBytes">Maximum size; a larger body is not read to its end.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <param name="check">Checks the raw body before it is parsed, and may refuse it.</param>
    public static async ValueTask<(T? Value, Problem? Problem)> ReadAsync<T>(
        HttpRequest request, JsonTypeInfo<T> type, int maximumBytes, CancellationToken cancellationToken,
        Func<ReadOnlySequence<byte>, Problem?>? check = null)
    {
        if (!IsJson(request.ContentType))
        {
            return (default, Problem.NotJson);
        }

        if (request.ContentLength > maximumBytes)
        {
            return (default, TooLarge(maximumBytes));
        }

        var read = await request.BodyReader.ReadAtLeastAsync(maximumBytes + 1, cancellationToken);
        try
        {
            if (read.Buffer.Length > maximumBytes)
            {
                return (default, TooLarge(maximumBytes));
            }

            return check?.Invoke(read.Buffer) is { } refusal ? (default, refusal) : Parse(read.Buffer, type);
        }
        finally
        {
            request.BodyReader.AdvanceTo(read.Buffer.End);
        }
    }

    private static (T?, Problem?) Parse<T>(in ReadOnlySequence<byte> body, JsonTypeInfo<T> type)
    {
        var json = body.IsSingleSegment ? body.FirstSpan : body.ToArray();
        try
        {
            if (type.UnmappedMemberHandling == JsonUnmappedMemberHandling.Skip)
            {
                // The serializer does not look whether a member that it skips occurs twice.
                using var whole = JsonDocument.Parse(body, s_strict);
            }

            return JsonSerializer.Deserialize(json, type) is { } value
                ? (value, null)
                : (default, Problem.Invalid("body", "this must be a JSON object"));
        }
        catch (JsonException exception)
        {
            return (default, Problem.Invalid(Field(exception), Reason(exception)));
        }
    }

    private static string Field(JsonException error) =>
        error.Path is { Length: > 2 } path && path.StartsWith("$.", StringComparison.Ordinal) ? path[2..] : "body";

    // The serializer reports its reasons only as text that names internal types.
    private static string Reason(JsonException error) => error switch
    {
        { Message: var message } when message.Contains("could not be mapped", StringComparison.Ordinal) => "this field is unknown",
        { Message: var message } when message.Contains("uplicate", StringComparison.Ordinal) => "this field occurs twice",
        { Path.Length: > 2 } => "this value has the wrong type or does not fit",
        _ => "this is not a JSON object of the documented form",
    };

    private static Problem TooLarge(int maximumBytes) =>
        new(413, "too-large", string.Create(CultureInfo.InvariantCulture, $"The body is larger than {maximumBytes} bytes."));

    private static bool IsJson(string? contentType) =>
        contentType is "application/json"
        || (MediaTypeHeaderValue.TryParse(contentType, out var media)
            && media.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase)
            && (!media.Charset.HasValue
                || HeaderUtilities.RemoveQuotes(media.Charset).Equals("utf-8", StringComparison.OrdinalIgnoreCase)));
}
