namespace Seckill.Shared.Http;

/// <summary>The <c>Idempotency-Key</c> header: 1 to 64 visible ASCII characters, once.</summary>
public static class IdempotencyKey
{
    /// <summary>Its name.</summary>
    public const string Header = "Idempotency-Key";

    private const int MaximumLength = 64;
    private static readonly Problem s_bad = Problem.Invalid(Header, "this must be 1 to 64 visible ASCII characters, once");

    /// <summary>Reads the header.</summary>
    /// <param name="request">The request.</param>
    /// <param name="key">The key; null when the header is missing.</param>
    /// <returns>The refusal; null when there is none.</returns>
    public static Problem? Read(HttpRequest request, out string? key)
    {
        key = null;
        if (!request.Headers.TryGetValue(Header, out var values))
        {
            return null;
        }

        key = values.Count == 1 ? values[0] : null;
        return key is { Length: > 0 and <= MaximumLength } && !key.AsSpan().ContainsAnyExceptInRange('!', '~') ? null : s_bad;
    }
}
