using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Seckill.InventoryService.Webhooks;

/// <summary>The signature of Standard Webhooks, version 1: HMAC-SHA256 over "id.timestamp.body".</summary>
internal static class WebhookSignature
{
    /// <summary>How a secret begins; base64 follows.</summary>
    public const string Prefix = "whsec_";

    // As the specification recommends: 24 to 64 bytes.
    private const int LeastBytes = 24;
    private const int MostBytes = 64;

    /// <summary>A new secret.</summary>
    public static string NewSecret() => Prefix + Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    /// <summary>True when a text is a secret.</summary>
    public static bool IsSecret(string text) =>
        text.StartsWith(Prefix, StringComparison.Ordinal) && Base64.IsValid(text.AsSpan(Prefix.Length), out var bytes)
        && bytes is >= LeastBytes and <= MostBytes;

    /// <summary>The header <c>webhook-signature</c>.</summary>
    /// <param name="secret">Of the endpoint.</param>
    /// <param name="id">The header <c>webhook-id</c>.</param>
    /// <param name="unixSeconds">The header <c>webhook-timestamp</c>.</param>
    /// <param name="body">As it is sent.</param>
    public static string Sign(string secret, string id, long unixSeconds, ReadOnlySpan<byte> body)
    {
        var head = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{id}.{unixSeconds}."));
        byte[] signed = [.. head, .. body];
        var mac = HMACSHA256.HashData(Convert.FromBase64String(secret[Prefix.Length..]), signed);
        return "v1," + Convert.ToBase64String(mac);
    }
}
