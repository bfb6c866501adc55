using System.Security.Cryptography;
using System.Text;
using Seckill.Shared.Http;

namespace Seckill.Shared.Security;

/// <summary>The key of the ops endpoints, sent as <c>Authorization: Bearer</c> and compared in constant time.</summary>
public sealed class OpsKey(string key)
{
    /// <summary>Who acted, in what is recorded of an action.</summary>
    public const string Name = "ops";

    private static readonly Problem s_unauthenticated =
        new(StatusCodes.Status401Unauthorized, "unauthenticated", "The ops key is required as a bearer token.");

    private readonly byte[] _hash = SHA256.HashData(Encoding.UTF8.GetBytes(key));

    /// <summary>Refuses requests without the key before their body is read.</summary>
    public void Guard(IApplicationBuilder app) => app.Use((context, next) =>
        context.GetEndpoint()?.Metadata.GetMetadata<RequiresOpsKey>() is null || IsIn(context.Request)
            ? next(context)
            : s_unauthenticated.ExecuteAsync(context));

    private bool IsIn(HttpRequest request)
    {
        const string Scheme = "Bearer ";
        var header = request.Headers.Authorization;
        return header.Count == 1
            && header[0]!.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            // Hashing first also hides the length of the key.
            && CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(header[0]![Scheme.Length..])), _hash);
    }
}
