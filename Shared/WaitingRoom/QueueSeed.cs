using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Seckill.Shared.WaitingRoom;

/// <summary>
/// The hashes of the draw. Each is SHA-256 over a label and fields of a fixed length, integers as 64 bits big-endian, so that anyone can
/// compute them again: docs/decisions/0048.
/// </summary>
public static class QueueSeed
{
    /// <summary>Names this way to draw.</summary>
    public const string Algorithm = "seckill-queue-v1";

    private const int BlindBytes = 16;

    /// <summary>A secret: 32 random bytes, hex.</summary>
    public static string NewSecret() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));

    /// <summary>What is published of a secret before the draw.</summary>
    public static string Commit(long saleId, string secret) =>
        Hash("seckill queue commitment v1"u8, saleId, 0, Convert.FromHexString(secret), []);

    /// <summary>The seed: it is not known before the secret, the participants and the beacon are all fixed.</summary>
    /// <param name="count">Number of participants.</param>
    /// <param name="beacon">The public value; empty for none.</param>
    public static string Seed(long saleId, int count, string secret, string root, string beacon) =>
        Hash(
            "seckill queue seed v1"u8, saleId, count, [.. Convert.FromHexString(secret), .. Convert.FromHexString(root)],
            Encoding.UTF8.GetBytes(beacon));

    /// <summary>
    /// Hides a user in a leaf, hex: without it, anyone could find the users by trying all ids. Its buyer alone gets it, with the receipt.
    /// </summary>
    /// <param name="blindKey">32 bytes, random, of one room, never published.</param>
    public static string Blind(byte[] blindKey, long userId)
    {
        Span<byte> blind = stackalloc byte[BlindBytes];
        Blind(blindKey, userId, blind);
        return Convert.ToHexStringLower(blind);
    }

    /// <summary>The leaf of a place, 32 bytes.</summary>
    public static void Leaf(long saleId, int place, long userId, byte[] blindKey, Span<byte> leaf)
    {
        Span<byte> blind = stackalloc byte[BlindBytes];
        Blind(blindKey, userId, blind);
        HashLeaf(saleId, place, userId, blind, leaf);
    }

    /// <summary>The leaf of a place as its buyer computes it, hex.</summary>
    /// <exception cref="FormatException">The blind is not 16 bytes of hex.</exception>
    public static string Leaf(long saleId, int place, long userId, string blind)
    {
        var bytes = Convert.FromHexString(blind);
        if (bytes.Length != BlindBytes)
        {
            throw new FormatException("A blind has 16 bytes.");
        }

        Span<byte> leaf = stackalloc byte[SHA256.HashSizeInBytes];
        HashLeaf(saleId, place, userId, bytes, leaf);
        return Convert.ToHexStringLower(leaf);
    }

    private static void HashLeaf(long saleId, int place, long userId, ReadOnlySpan<byte> blind, Span<byte> leaf)
    {
        // A leaf begins with 0 and an inner node of the tree with 1, so that neither passes for the other: RFC 6962, section 2.1.
        Span<byte> text = stackalloc byte[1 + (3 * sizeof(long)) + BlindBytes];
        text[0] = 0;
        BinaryPrimitives.WriteInt64BigEndian(text[1..], saleId);
        BinaryPrimitives.WriteInt64BigEndian(text[9..], place);
        BinaryPrimitives.WriteInt64BigEndian(text[17..], userId);
        blind.CopyTo(text[25..]);
        SHA256.HashData(text, leaf);
    }

    private static void Blind(byte[] blindKey, long userId, Span<byte> blind)
    {
        Span<byte> text = stackalloc byte[sizeof(long)];
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        BinaryPrimitives.WriteInt64BigEndian(text, userId);
        HMACSHA256.HashData(blindKey, text, hash);
        hash[..BlindBytes].CopyTo(blind);
    }

    private static string Hash(ReadOnlySpan<byte> label, long saleId, long count, byte[] fixedLength, byte[] rest)
    {
        Span<byte> numbers = stackalloc byte[2 * sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(numbers, saleId);
        BinaryPrimitives.WriteInt64BigEndian(numbers[sizeof(long)..], count);
        return Convert.ToHexStringLower(SHA256.HashData([.. label, .. numbers, .. fixedLength, .. rest]));
    }
}
