// JSON Web Tokens (RFC 7519) signed with HMAC SHA-256 (RFC 7515). Not by Microsoft.IdentityModel, although it is there and right: this
// check is on the path of every click, which costs about 30 µs in all, and the library needs many times its time and allocates
// (`./seckill bench micro`, TokenBenchmarks). LibraryTokenTests holds the two to the same answers on 10,000 generated tokens.
using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Seckill.Shared.Security;

/// <summary>
/// Signs and verifies buyer tokens. The algorithm is pinned to HS256 whatever the header says, <c>exp</c> is required
/// (RFC 8725, section 3), and the signature is compared in constant time. Verification of a token of at most 2,048 characters allocates
/// nothing. An expired token is refused at once; <c>nbf</c> may be a minute in the future, because the clock of the issuer may be ahead.
/// Several keys may be valid at once: a token whose <c>kid</c> is that of a key needs this key, any other token needs one of them.
/// </summary>
public sealed class BuyerToken
{
    /// <summary>Shortest accepted key: as long as the hash, RFC 7518 section 3.2.</summary>
    public const int MinimumKeyBytes = 32;

    /// <summary>The claim that has the user id, unless a setting names another one.</summary>
    public const string DefaultUserIdClaim = "sub";

    /// <summary>A longer token is refused unread. <c>Server:MaximumHeaderBytes</c> is usually far below.</summary>
    public const int MaximumLength = 1 << 20;

    // Tokens that our own kind of backend signs have 150 characters; longer ones than this cost an allocation.
    private const int LengthOnStack = 2_048;

    private static readonly TimeSpan s_clockSkew = TimeSpan.FromSeconds(60);
    private static readonly byte[] s_header = Encoding.ASCII.GetBytes(Base64Url.EncodeToString("""{"alg":"HS256","typ":"JWT"}"""u8));

    private const int AnyKey = -1;
    private readonly byte[][] _keys;
    private readonly byte[]?[] _keyIds;
    private readonly TimeProvider _clock;
    private readonly byte[] _userIdClaim;

    /// <param name="key">At least <see cref="MinimumKeyBytes"/> bytes of UTF-8.</param>
    /// <param name="clock">Decides whether a token has expired.</param>
    /// <param name="userIdClaim">The claim that has the user id.</param>
    /// <exception cref="ArgumentException">The key is too short.</exception>
    public BuyerToken(string key, TimeProvider clock, string userIdClaim = DefaultUserIdClaim)
        : this([new BuyerTokenKey(key)], clock, userIdClaim)
    {
    }

    /// <param name="keys">The first signs; each verifies. At least <see cref="MinimumKeyBytes"/> bytes of UTF-8 each.</param>
    /// <param name="clock">Decides whether a token has expired.</param>
    /// <param name="userIdClaim">The claim that has the user id.</param>
    /// <exception cref="ArgumentException">A key is too short, or there is none.</exception>
    public BuyerToken(IReadOnlyList<BuyerTokenKey> keys, TimeProvider clock, string userIdClaim = DefaultUserIdClaim)
    {
        _keys = [.. keys.Select(key => Encoding.UTF8.GetBytes(key.Secret))];
        _keyIds = [.. keys.Select(key => key.Id is null ? null : Encoding.UTF8.GetBytes(key.Id))];
        _clock = clock;
        UserIdClaim = userIdClaim;
        _userIdClaim = Encoding.UTF8.GetBytes(userIdClaim);
        if (_keys.Length == 0 || Array.Exists(_keys, key => key.Length < MinimumKeyBytes))
        {
            throw new ArgumentException($"A signing key needs at least {MinimumKeyBytes} bytes.", nameof(keys));
        }
    }

    /// <summary>The claim that has the user id.</summary>
    public string UserIdClaim { get; }

    /// <summary>A token for one user, valid for <paramref name="lifetime"/> from now.</summary>
    /// <param name="userId">Positive.</param>
    /// <param name="lifetime">Positive.</param>
    /// <param name="claims">What else it says; nothing when not given.</param>
    public string Sign(long userId, TimeSpan lifetime, BuyerClaims? claims = null)
    {
        var expires = _clock.GetUtcNow().Add(lifetime).ToUnixTimeSeconds();
        var payload = string.Create(
            CultureInfo.InvariantCulture, $$"""{"{{UserIdClaim}}":"{{userId}}","exp":{{expires}}{{claims?.ToJson()}}}""");
        var signed = Encoding.ASCII.GetString(s_header) + "." + Base64Url.EncodeToString(Encoding.UTF8.GetBytes(payload));
        return signed + "." + Base64Url.EncodeToString(HMACSHA256.HashData(_keys[0], Encoding.ASCII.GetBytes(signed)));
    }

    /// <summary>True, and the user, when signature and times are valid and the subject is a positive 64-bit integer.</summary>
    public bool TryVerify(ReadOnlySpan<char> token, out long userId) => Verify(token, out userId) is null;

    /// <summary>Null and the user, or the first fault. The claims of a token with a wrong signature are not read.</summary>
    public TokenFault? Verify(ReadOnlySpan<char> token, out long userId) => Verify(token, out userId, out _);

    /// <summary>The same, and when the token expires, unix seconds.</summary>
    public TokenFault? Verify(ReadOnlySpan<char> token, out long userId, out double expiresAt)
    {
        (userId, expiresAt) = (0, 0);
        if (token.Length is 0 or > MaximumLength)
        {
            return TokenFault.Malformed;
        }

        var ascii = token.Length <= LengthOnStack ? stackalloc byte[LengthOnStack] : new byte[token.Length];
        if (Encoding.ASCII.GetBytes(token, ascii) != token.Length
            || token.ContainsAnyExceptInRange('!', '~'))
        {
            return TokenFault.Malformed;
        }

        ascii = ascii[..token.Length];
        var endOfHeader = ascii.IndexOf((byte)'.');
        var endOfPayload = ascii.LastIndexOf((byte)'.');
        return endOfHeader <= 0 || endOfPayload <= endOfHeader
            ? TokenFault.Malformed
            : CheckHeader(ascii[..endOfHeader], out var key)
                ?? (HasValidSignature(ascii[..endOfPayload], ascii[(endOfPayload + 1)..], key)
                    ? ReadClaims(ascii[(endOfHeader + 1)..endOfPayload], out userId, out expiresAt)
                    : TokenFault.WrongSignature);
    }

    private bool HasValidSignature(ReadOnlySpan<byte> signed, ReadOnlySpan<byte> encodedSignature, int named)
    {
        const int EncodedHashLength = 43;
        Span<byte> actual = stackalloc byte[HMACSHA256.HashSizeInBytes];
        Span<byte> expected = stackalloc byte[HMACSHA256.HashSizeInBytes];
        if (encodedSignature.Length != EncodedHashLength
            || !TryDecode(encodedSignature, actual, out var length)
            || length != expected.Length)
        {
            return false;
        }

        for (var i = 0; i < _keys.Length; i++)
        {
            if (named is AnyKey || named == i)
            {
                HMACSHA256.HashData(_keys[i], signed, expected);
                if (CryptographicOperations.FixedTimeEquals(expected, actual))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private TokenFault? CheckHeader(ReadOnlySpan<byte> encodedHeader, out int key)
    {
        key = AnyKey;
        if (encodedHeader.SequenceEqual(s_header))
        {
            return null;
        }

        var json = encodedHeader.Length <= LengthOnStack ? stackalloc byte[LengthOnStack] : new byte[encodedHeader.Length];
        if (!TryDecode(encodedHeader, json, out var length))
        {
            return TokenFault.Malformed;
        }

        var algorithmIsHs256 = false;
        try
        {
            var reader = new Utf8JsonReader(json[..length]);
            while (TryReadMember(ref reader))
            {
                // An unknown critical extension must be refused: RFC 7515, section 4.1.11.
                if (reader.ValueTextEquals("crit"u8))
                {
                    return TokenFault.UnknownExtension;
                }

                var (isAlgorithm, isKeyId) = (reader.ValueTextEquals("alg"u8), reader.ValueTextEquals("kid"u8));
                reader.Read();
                if (isKeyId && reader.TokenType == JsonTokenType.String)
                {
                    key = KeyNamed(ref reader);
                }

                if (isAlgorithm)
                {
                    algorithmIsHs256 = reader.TokenType == JsonTokenType.String && reader.ValueTextEquals("HS256"u8);
                }

                reader.Skip();
            }
        }
        catch (Exception exception) when (IsBadJson(exception))
        {
            return TokenFault.Malformed;
        }

        return algorithmIsHs256 ? null : TokenFault.WrongAlgorithm;
    }

    private int KeyNamed(ref Utf8JsonReader reader)
    {
        for (var i = 0; i < _keyIds.Length; i++)
        {
            if (_keyIds[i] is { } id && reader.ValueTextEquals(id))
            {
                return i;
            }
        }

        return AnyKey;
    }

    private TokenFault? ReadClaims(ReadOnlySpan<byte> encodedPayload, out long userId, out double expiresAt)
    {
        (userId, expiresAt) = (0, 0);
        var json = encodedPayload.Length <= LengthOnStack ? stackalloc byte[LengthOnStack] : new byte[encodedPayload.Length];
        if (!TryDecode(encodedPayload, json, out var length))
        {
            return TokenFault.Malformed;
        }

        double? expires = null;
        double notBefore = 0;
        try
        {
            var reader = new Utf8JsonReader(json[..length]);
            while (TryReadMember(ref reader))
            {
                var (isSubject, isExpiry, isNotBefore) =
                    (reader.ValueTextEquals(_userIdClaim), reader.ValueTextEquals("exp"u8), reader.ValueTextEquals("nbf"u8));
                reader.Read();
                if (isSubject && !TryReadUser(ref reader, out userId))
                {
                    return TokenFault.WrongSubject;
                }

                if ((isExpiry || isNotBefore) && reader.TokenType != JsonTokenType.Number)
                {
                    return isExpiry ? TokenFault.WrongExpiry : TokenFault.WrongNotBefore;
                }

                expires = isExpiry ? reader.GetDouble() : expires;
                notBefore = isNotBefore ? reader.GetDouble() : notBefore;
                reader.Skip();
            }
        }
        catch (Exception exception) when (IsBadJson(exception))
        {
            return TokenFault.Malformed;
        }

        expiresAt = expires ?? 0;
        var now = _clock.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0;
        return expires is null ? TokenFault.WrongExpiry
            : !(expires > now) ? TokenFault.Expired
            : !(notBefore < now + s_clockSkew.TotalSeconds) ? TokenFault.NotYetValid
            : userId <= 0 ? TokenFault.NoSubject
            : null;
    }

    // InvalidOperationException: a name with half of a surrogate pair.
    private static bool IsBadJson(Exception exception) => exception is JsonException or InvalidOperationException;

    private static bool TryReadUser(ref Utf8JsonReader reader, out long userId)
    {
        userId = 0;
        return reader.TokenType == JsonTokenType.String
            && !reader.ValueIsEscaped
            && long.TryParse(reader.ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out userId)
            && userId > 0;
    }

    private static bool TryReadMember(ref Utf8JsonReader reader) =>
        reader.Read()
        && (reader.TokenType == JsonTokenType.PropertyName
            || (reader.TokenType == JsonTokenType.StartObject && reader.Read() && reader.TokenType == JsonTokenType.PropertyName));

    private static bool TryDecode(ReadOnlySpan<byte> encoded, Span<byte> decoded, out int length)
    {
        length = 0;
        // Padding and white space are not base64url (RFC 7515, section 2), yet the decoder tolerates them.
        return !encoded.ContainsAny("= \t\r\n"u8) && Base64Url.DecodeFromUtf8(encoded, decoded, out _, out length) == OperationStatus.Done;
    }
}
