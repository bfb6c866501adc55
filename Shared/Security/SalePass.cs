using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Seckill.Shared.Security;

/// <summary>
/// A pass out of the waiting room: it opens <c>POST /orders</c> for one buyer and one sale until it expires. Every instance checks the
/// passes of the others, without a store: base64url of the expiry (unix ms, 64 bits big-endian) and HMAC-SHA256.
/// </summary>
public sealed class SalePass
{
    /// <summary>The header that has it.</summary>
    public const string Header = "Sale-Pass";

    private const int Length = sizeof(long) + HMACSHA256.HashSizeInBytes;
    private readonly byte[] _key;
    private readonly TimeProvider _clock;

    /// <param name="buyerTokenKey">The key of buyer tokens. The key of passes is derived from it, so neither passes for the other.</param>
    /// <param name="clock">Decides whether a pass has expired.</param>
    public SalePass(string buyerTokenKey, TimeProvider clock)
    {
        _key = HMACSHA256.HashData(Encoding.UTF8.GetBytes(buyerTokenKey), "seckill sale pass v1"u8);
        _clock = clock;
    }

    /// <summary>A pass.</summary>
    /// <param name="expiresAt">Rounded down to milliseconds.</param>
    public string Issue(long userId, long saleId, DateTimeOffset expiresAt)
    {
        Span<byte> pass = stackalloc byte[Length];
        var expires = expiresAt.ToUnixTimeMilliseconds();
        BinaryPrimitives.WriteInt64BigEndian(pass, expires);
        Sign(userId, saleId, expires, pass[sizeof(long)..]);
        return Base64Url.EncodeToString(pass);
    }

    /// <summary>Whether the pass is of this buyer and sale, and if so, whether it has expired.</summary>
    public SalePassState Check(string? pass, long userId, long saleId)
    {
        Span<byte> bytes = stackalloc byte[Length];
        Span<byte> expected = stackalloc byte[HMACSHA256.HashSizeInBytes];
        if (pass is null || pass.Length != Base64Url.GetEncodedLength(Length)
            || Base64Url.DecodeFromChars(pass, bytes, out _, out var length) != OperationStatus.Done || length != Length)
        {
            return SalePassState.None;
        }

        var expires = BinaryPrimitives.ReadInt64BigEndian(bytes);
        Sign(userId, saleId, expires, expected);
        return !CryptographicOperations.FixedTimeEquals(expected, bytes[sizeof(long)..]) ? SalePassState.None
            : expires <= _clock.GetUtcNow().ToUnixTimeMilliseconds() ? SalePassState.Expired
            : SalePassState.Valid;
    }

    private void Sign(long userId, long saleId, long expires, Span<byte> signature)
    {
        Span<byte> claims = stackalloc byte[3 * sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(claims, userId);
        BinaryPrimitives.WriteInt64BigEndian(claims[sizeof(long)..], saleId);
        BinaryPrimitives.WriteInt64BigEndian(claims[(2 * sizeof(long))..], expires);
        HMACSHA256.HashData(_key, claims, signature);
    }
}
