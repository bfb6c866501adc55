using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Seckill.Shared.Security;

/// <summary>
/// A pass out of the waiting room: it opens <c>POST /orders</c> for one buyer and one sale until it expires. Every instance checks the
/// passes of the others, without a store: base64url of the expiry and the beginning of the turn (unix ms, 64 bits big-endian each) and
/// HMAC-SHA256. All passes of a turn name the same beginning, so reserve.lua tells whether the turn has its order.
/// </summary>
public sealed class SalePass
{
    /// <summary>The header that has it.</summary>
    public const string Header = "Sale-Pass";

    private const int Times = 2 * sizeof(long);
    private const int Length = Times + HMACSHA256.HashSizeInBytes;
    private readonly byte[][] _keys;
    private readonly TimeProvider _clock;

    /// <param name="buyerTokenKeys">
    /// The keys of buyer tokens, the one that signs first. A key of passes is derived from each, so neither passes for the other, and
    /// passes outlive a rotation.
    /// </param>
    /// <param name="clock">Decides whether a pass has expired.</param>
    public SalePass(IEnumerable<string> buyerTokenKeys, TimeProvider clock)
    {
        _keys = [.. buyerTokenKeys.Select(key => HMACSHA256.HashData(Encoding.UTF8.GetBytes(key), "seckill sale pass v2"u8))];
        _clock = clock;
    }

    /// <summary>A pass.</summary>
    /// <param name="turn">When the turn began, unix ms.</param>
    /// <param name="expiresAt">Rounded down to milliseconds.</param>
    public string Issue(long userId, long saleId, long turn, DateTimeOffset expiresAt)
    {
        Span<byte> pass = stackalloc byte[Length];
        BinaryPrimitives.WriteInt64BigEndian(pass, expiresAt.ToUnixTimeMilliseconds());
        BinaryPrimitives.WriteInt64BigEndian(pass[sizeof(long)..], turn);
        Sign(_keys[0], userId, saleId, pass[..Times], pass[Times..]);
        return Base64Url.EncodeToString(pass);
    }

    /// <summary>Whether the pass is of this buyer and sale, and if so, whether it has expired.</summary>
    /// <param name="turn">When the turn began, if the pass is of this buyer and sale.</param>
    public SalePassState Check(string? pass, long userId, long saleId, out long turn)
    {
        Span<byte> bytes = stackalloc byte[Length];
        turn = 0;
        if (pass is null || pass.Length != Base64Url.GetEncodedLength(Length)
            || Base64Url.DecodeFromChars(pass, bytes, out _, out var length) != OperationStatus.Done || length != Length)
        {
            return SalePassState.None;
        }

        if (!IsSigned(userId, saleId, bytes))
        {
            return SalePassState.None;
        }

        turn = BinaryPrimitives.ReadInt64BigEndian(bytes[sizeof(long)..]);
        return BinaryPrimitives.ReadInt64BigEndian(bytes) <= _clock.GetUtcNow().ToUnixTimeMilliseconds()
            ? SalePassState.Expired : SalePassState.Valid;
    }

    private bool IsSigned(long userId, long saleId, ReadOnlySpan<byte> pass)
    {
        Span<byte> expected = stackalloc byte[HMACSHA256.HashSizeInBytes];
        foreach (var key in _keys)
        {
            Sign(key, userId, saleId, pass[..Times], expected);
            if (CryptographicOperations.FixedTimeEquals(expected, pass[Times..]))
            {
                return true;
            }
        }

        return false;
    }

    private static void Sign(byte[] key, long userId, long saleId, ReadOnlySpan<byte> times, Span<byte> signature)
    {
        Span<byte> claims = stackalloc byte[(2 * sizeof(long)) + Times];
        BinaryPrimitives.WriteInt64BigEndian(claims, userId);
        BinaryPrimitives.WriteInt64BigEndian(claims[sizeof(long)..], saleId);
        times.CopyTo(claims[(2 * sizeof(long))..]);
        HMACSHA256.HashData(key, claims, signature);
    }
}
