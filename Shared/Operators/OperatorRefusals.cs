using Seckill.Shared.Http;

namespace Seckill.Shared.Operators;

/// <summary>What a caller of the ops interface is refused with before its request is read.</summary>
public static class OperatorRefusals
{
    /// <summary>No key, or one that is no operator's.</summary>
    public static Problem Unauthenticated { get; } =
        new(StatusCodes.Status401Unauthorized, "unauthenticated", "The ops key is required as a bearer token.");

    /// <summary>The role of the operator does not allow it.</summary>
    public static Problem Forbidden { get; } = new(
        StatusCodes.Status403Forbidden, "forbidden", "Your role does not allow this, or the request came from a page of another site.");

    /// <summary>Too many wrong keys from this address.</summary>
    public static Problem TooManyFailures { get; } = new(
        StatusCodes.Status429TooManyRequests, "rate-limited", "Too many wrong keys came from your address.", retryAfterSeconds: 1);
}
