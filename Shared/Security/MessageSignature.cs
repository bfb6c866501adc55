using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Seckill.Shared.Contracts;

namespace Seckill.Shared.Security;

/// <summary>
/// The signature of a message of reserved orders: HMAC-SHA256 of its JSON, with a key that the processes of one installation share. Any
/// client that can write to the queue can send a message, and only a signed one may bring orders that Redis and PostgreSQL do not know:
/// Redis may have lost them after the 202.
/// </summary>
/// <param name="secret">At least 32 characters, the same in all processes. The key is derived from it, so it may have other uses.</param>
public sealed class MessageSignature(string secret)
{
    /// <summary>The header of the message that has it, in base64.</summary>
    public const string Header = "seckill-signature";

    private readonly byte[] _key = HKDF.DeriveKey(
        HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret), HMACSHA256.HashSizeInBytes, info: "seckill orders-reserved"u8.ToArray());

    /// <summary>The value of the header.</summary>
    public string Sign(OrdersReserved message) => Convert.ToBase64String(Hash(message));

    /// <summary>False also for a message of a version that has members which this one does not know.</summary>
    public bool IsValid(string? signature, OrdersReserved message)
    {
        Span<byte> given = stackalloc byte[HMACSHA256.HashSizeInBytes];
        return signature is not null
            && Convert.TryFromBase64String(signature, given, out var length) && length == given.Length
            && CryptographicOperations.FixedTimeEquals(given, Hash(message));
    }

    private byte[] Hash(OrdersReserved message) => HMACSHA256.HashData(_key, JsonSerializer.SerializeToUtf8Bytes(message));
}
