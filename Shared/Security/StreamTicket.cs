using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Seckill.Shared.Security;

/// <summary>
/// A ticket for the event stream of one order and its buyer: what a page puts into an address, because EventSource sends no headers.
/// An address is written into the logs of proxies, so the ticket opens nothing else, and for a minute only. Every instance checks the
/// tickets of the others, without a store: base64url of user, expiry, end of the buyer's token (64 bits each, big-endian) and HMAC-SHA256.
/// </summary>
public sealed class StreamTicket
{
    /// <summary>The query parameter that has it.</summary>
    public const string Parameter = "ticket";

    // A byte is left over, so that no character of the text has bits that mean nothing.
    private const int ClaimsLength = (3 * sizeof(long)) + 1;
    private const int Length = ClaimsLength + HMACSHA256.HashSizeInBytes;
    private static readonly TimeSpan s_lifetime = TimeSpan.FromSeconds(60);

    private readonly byte[][] _keys;
    private readonly TimeProvider _clock;

    /// <param name="buyerTokenKeys">
    /// The keys of buyer tokens; the first signs, each verifies. The keys of tickets are derived from them, so neither passes for the
    /// other.
    /// </param>
    /// <param name="clock">Decides whether a ticket has expired.</param>
    public StreamTicket(IReadOnlyList<BuyerTokenKey> buyerTokenKeys, TimeProvider clock)
    {
        _keys = [.. buyerTokenKeys.Select(key => HMACSHA256.HashData(Encoding.UTF8.GetBytes(key.Secret), "seckill stream ticket v1"u8))];
        _clock = clock;
    }

    /// <summary>A ticket, and when it expires, UTC.</summary>
    /// <param name="userId">The buyer.</param>
    /// <param name="orderId">The order.</param>
    /// <param name="tokenExpiresAt">Of the buyer's token, unix seconds: the stream ends with it.</param>
    public (string Ticket, DateTimeOffset ExpiresAt) Issue(long userId, string orderId, double tokenExpiresAt)
    {
        var expires = _clock.GetUtcNow().Add(s_lifetime).ToUnixTimeMilliseconds();
        Span<byte> ticket = stackalloc byte[Length];
        BinaryPrimitives.WriteInt64BigEndian(ticket, userId);
        BinaryPrimitives.WriteInt64BigEndian(ticket[sizeof(long)..], expires);
        BinaryPrimitives.WriteInt64BigEndian(ticket[(2 * sizeof(long))..], (long)Math.Min(tokenExpiresAt, long.MaxValue / 2));
        Sign(_keys[0], ticket[..ClaimsLength], orderId, ticket[ClaimsLength..]);
        return (Base64Url.EncodeToString(ticket), DateTimeOffset.FromUnixTimeMilliseconds(expires));
    }

    /// <summary>True, the user, and when its token expires, when the ticket is of this order and has not expired.</summary>
    public bool TryVerify(string ticket, string orderId, out long userId, out double tokenExpiresAt)
    {
        (userId, tokenExpiresAt) = (0, 0);
        Span<byte> bytes = stackalloc byte[Length];
        Span<byte> expected = stackalloc byte[HMACSHA256.HashSizeInBytes];
        if (ticket.Length != Base64Url.GetEncodedLength(Length)
            || Base64Url.DecodeFromChars(ticket, bytes, out _, out var length) != OperationStatus.Done || length != Length)
        {
            return false;
        }

        var isSigned = false;
        foreach (var key in _keys)
        {
            Sign(key, bytes[..ClaimsLength], orderId, expected);
            isSigned |= CryptographicOperations.FixedTimeEquals(expected, bytes[ClaimsLength..]);
        }

        if (!isSigned || BinaryPrimitives.ReadInt64BigEndian(bytes[sizeof(long)..]) <= _clock.GetUtcNow().ToUnixTimeMilliseconds())
        {
            return false;
        }

        userId = BinaryPrimitives.ReadInt64BigEndian(bytes);
        tokenExpiresAt = BinaryPrimitives.ReadInt64BigEndian(bytes[(2 * sizeof(long))..]);
        return true;
    }

    // The claims have a fixed length, so that no other claims and order make the same text.
    private static void Sign(byte[] key, ReadOnlySpan<byte> claims, string orderId, Span<byte> signature)
    {
        using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);
        hash.AppendData(claims);
        hash.AppendData(Encoding.UTF8.GetBytes(orderId));
        hash.GetHashAndReset(signature);
    }
}
