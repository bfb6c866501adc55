using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Seckill.Shared.Http;

/// <summary>
/// A refusal as <c>application/problem+json</c> (RFC 9457) with a stable <c>code</c>. The body is serialized once; a frequent refusal such
/// as sold-out costs only its copy.
/// </summary>
public sealed class Problem : IResult, IStatusCodeHttpResult
{
    // The body is never embedded in HTML, so apostrophes need no escaping.
    private static readonly JsonWriterOptions s_plainText = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly byte[] _body;
    private readonly int? _retryAfterSeconds;
    private readonly string[] _retryAfter = [];

    /// <param name="status">HTTP status, 400 to 599.</param>
    /// <param name="code">Stable, lower-case words with hyphens.</param>
    /// <param name="title">One sentence for people; the same for every occurrence.</param>
    /// <param name="retryAfterSeconds">Value of the Retry-After header, if any.</param>
    /// <param name="writeDetails">Writes further members of the body, if any.</param>
    public Problem(int status, string code, string title, int? retryAfterSeconds = null, Action<Utf8JsonWriter>? writeDetails = null)
    {
        Status = status;
        Code = code;
        _retryAfterSeconds = retryAfterSeconds;
        RetryAfterSpreadSeconds = 0;
        var buffer = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(buffer, s_plainText);
        json.WriteStartObject();
        json.WriteString("type", "urn:seckill:problem:" + code);
        json.WriteString("title", title);
        json.WriteNumber("status", status);
        json.WriteString("code", code);
        writeDetails?.Invoke(json);
        json.WriteEndObject();
        json.Flush();
        _body = buffer.WrittenSpan.ToArray();
    }

    public int Status { get; }
    public string Code { get; }

    /// <summary>The <c>WWW-Authenticate</c> header of a 401.</summary>
    public string Challenge { get; init; } = "Bearer";

    /// <summary>True when the answer has a Retry-After.</summary>
    public bool HasRetryAfter => _retryAfterSeconds is not null;

    /// <summary>
    /// Each answer has a Retry-After of its own, at most so many seconds longer than the shortest, so that those who were refused together
    /// do not come back together.
    /// </summary>
    public int RetryAfterSpreadSeconds
    {
        init => _retryAfter = _retryAfterSeconds is not { } shortest ? [] :
            [.. Enumerable.Range(0, value + 1).Select(more => ((long)shortest + more).ToString(CultureInfo.InvariantCulture))];
    }

    int? IStatusCodeHttpResult.StatusCode => Status;

    /// <summary>408 for a body that arrives too slowly.</summary>
    public static Problem TooSlow { get; } = new(408, "request-timeout", "The request arrived too slowly.");

    /// <summary>413 for a body above the limit.</summary>
    public static Problem TooLarge { get; } = new(413, "too-large", "The body is too large.");

    /// <summary>415 for a body that is not JSON in UTF-8.</summary>
    public static Problem NotJson { get; } = new(415, "not-json", "The body must be application/json in UTF-8.");

    /// <summary>429 for a buyer or an address that asks too often.</summary>
    public static Problem RateLimited { get; } = new(429, "rate-limited", "Too many requests. Nothing was done.", retryAfterSeconds: 1);

    /// <summary>400 <c>invalid-request</c> with the errors by field.</summary>
    public static Problem Invalid(IReadOnlyDictionary<string, string> errors) =>
        new(StatusCodes.Status400BadRequest, "invalid-request", "The request is invalid.", writeDetails: json =>
        {
            json.WriteStartObject("errors");
            foreach (var (field, error) in errors)
            {
                json.WriteStartArray(field);
                json.WriteStringValue(error);
                json.WriteEndArray();
            }

            json.WriteEndObject();
        });

    /// <summary>400 <c>invalid-request</c> with one error.</summary>
    public static Problem Invalid(string field, string error) => Invalid(new Dictionary<string, string> { [field] = error });

    /// <summary>The body.</summary>
    public JsonNode ToJson() => JsonNode.Parse(_body)!;

    public Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.StatusCode = Status;
        response.ContentType = "application/problem+json";
        response.ContentLength = _body.Length;
        if (_retryAfter.Length > 0)
        {
            response.Headers.RetryAfter = _retryAfter[Random.Shared.Next(_retryAfter.Length)];
        }

        if (Status == StatusCodes.Status401Unauthorized)
        {
            response.Headers.WWWAuthenticate = Challenge;
        }

        return HttpMethods.IsHead(httpContext.Request.Method) ? Task.CompletedTask : response.Body.WriteAsync(_body).AsTask();
    }
}
