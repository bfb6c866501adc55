using Microsoft.AspNetCore.Http.Features;

namespace Seckill.Shared.Operators;

/// <summary>A person or a program that may use the ops interface, by one of its keys.</summary>
/// <param name="Name">As it is recorded.</param>
/// <param name="Role">What it may do.</param>
/// <param name="KeyHash">SHA-256 of the key.</param>
/// <param name="ExpiresAt">When the key ends to be valid, UTC; null for never.</param>
public sealed record OperatorIdentity(string Name, OperatorRole Role, ReadOnlyMemory<byte> KeyHash, DateTimeOffset? ExpiresAt)
{
    /// <summary>The operator of an admitted request.</summary>
    /// <exception cref="InvalidOperationException">The endpoint needs none.</exception>
    public static OperatorIdentity Of(HttpContext http) => http.Features.GetRequiredFeature<OperatorIdentity>();
}
