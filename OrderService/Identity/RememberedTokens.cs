using System.Security.Cryptography;
using System.Text;

namespace Seckill.OrderService.Identity;

/// <summary>
/// Tokens that were verified, until they expire or the keys of the issuer change, so that a buyer pays for the signature once. By their
/// whole hash, in a table of fixed size, 20 MB when it is full: a newer one takes the place of an older one.
/// </summary>
internal sealed class RememberedTokens
{
    /// <summary>Tokens that it has room for, at most.</summary>
    public const int Places = 1 << 17;

    private readonly Entry?[] _places = new Entry?[Places];

    /// <summary>The hash by which a token is remembered.</summary>
    public static byte[] HashOf(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));

    /// <summary>What was found in this token, when it was verified with these keys.</summary>
    public VerifiedToken? Find(byte[] hash, int keys) =>
        Volatile.Read(ref PlaceOf(hash)) is { } entry && entry.Keys == keys && entry.Hash.AsSpan().SequenceEqual(hash) ? entry.Token : null;

    /// <summary>Remembers a verified token.</summary>
    public void Add(byte[] hash, in VerifiedToken token, int keys) =>
        Volatile.Write(ref PlaceOf(hash), new Entry(hash, token, keys));

    private ref Entry? PlaceOf(byte[] hash) => ref _places[BitConverter.ToUInt32(hash) % Places];

    private sealed record Entry(byte[] Hash, VerifiedToken Token, int Keys);
}
