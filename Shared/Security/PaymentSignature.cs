using System.Buffers;
using System.Security.Cryptography;
using System.Text;

namespace Seckill.Shared.Security;

/// <summary>What a signature says. Only a signature of the provider's key can be too old or from the future.</summary>
public enum SignatureOutcome
{
    /// <summary>It is the provider's, and recent.</summary>
    Valid,
    /// <summary>No time, or no readable signature.</summary>
    Malformed,
    /// <summary>No signature of a version that is known here.</summary>
    Unknown,
    /// <summary>Of another key, time or body.</summary>
    WrongSignature,
    /// <summary>Signed too long ago, by the clock of this process.</summary>
    TooOld,
    /// <summary>Signed too far ahead of the clock of this process.</summary>
    FromTheFuture,
}

/// <summary>
/// The signature of the payment provider: <c>X-Signature: t=unix seconds,v1=hex HMAC-SHA256 of "t.body"</c>. During a key rotation it may
/// have several v1, and several keys may be valid. A time that differs by more than five minutes is refused, so that an old call cannot be
/// replayed.
/// </summary>
/// <param name="keys">The first signs; each verifies.</param>
/// <param name="clock">Decides whether a signature is recent.</param>
public sealed class PaymentSignature(IReadOnlyList<string> keys, TimeProvider clock)
{
    /// <summary>Where it stands.</summary>
    public const string Header = "X-Signature";

    private const int ToleranceSeconds = 300;
    private readonly byte[][] _keys = [.. keys.Select(Encoding.UTF8.GetBytes)];

    /// <param name="key">Signs and verifies.</param>
    /// <param name="clock">Decides whether a signature is recent.</param>
    public PaymentSignature(string key, TimeProvider clock)
        : this([key], clock)
    {
    }

    /// <summary>The header that the provider sends with a body at this moment.</summary>
    public string Sign(string body)
    {
        var time = clock.GetUtcNow().ToUnixTimeSeconds();
        var signature = Hash(_keys[0], time, new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(body)));
        return string.Create(CultureInfo.InvariantCulture, $"t={time},v1={Convert.ToHexStringLower(signature)}");
    }

    /// <summary>Whether the header has a valid signature of the body and a recent time.</summary>
    public SignatureOutcome Check(string? header, in ReadOnlySequence<byte> body)
    {
        long? signedAt = null;
        var isKnown = false;
        var signatures = new List<byte[]>();
        foreach (var part in (header ?? "").Split(','))
        {
            if (part.StartsWith("t=", StringComparison.Ordinal)
                && long.TryParse(part.AsSpan(2), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds))
            {
                signedAt = seconds;
            }
            else if (part.StartsWith("v1=", StringComparison.Ordinal))
            {
                isKnown = true;
                var signature = new byte[HMACSHA256.HashSizeInBytes];
                if (Convert.FromHexString(part.AsSpan(3), signature, out _, out var length) == OperationStatus.Done
                    && length == signature.Length)
                {
                    signatures.Add(signature);
                }
            }
        }

        if (signedAt is not { } time || (isKnown && signatures.Count == 0))
        {
            return SignatureOutcome.Malformed;
        }

        var isSigned = false;
        foreach (var key in _keys)
        {
            var expected = Hash(key, time, body);
            isSigned |= signatures.Exists(signature => CryptographicOperations.FixedTimeEquals(signature, expected));
        }

        var age = clock.GetUtcNow().ToUnixTimeSeconds() - time;
        return !isKnown ? SignatureOutcome.Unknown
            : !isSigned ? SignatureOutcome.WrongSignature
            : age > ToleranceSeconds ? SignatureOutcome.TooOld
            : age < -ToleranceSeconds ? SignatureOutcome.FromTheFuture
            : SignatureOutcome.Valid;
    }

    private static byte[] Hash(byte[] key, long time, in ReadOnlySequence<byte> body)
    {
        using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);
        hash.AppendData(Encoding.ASCII.GetBytes(time.ToString(CultureInfo.InvariantCulture) + "."));
        foreach (var segment in body)
        {
            hash.AppendData(segment.Span);
        }

        return hash.GetHashAndReset();
    }
}
