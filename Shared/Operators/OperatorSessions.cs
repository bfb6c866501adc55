using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;

namespace Seckill.Shared.Operators;

/// <summary>
/// Sign-ins to the dashboard, so that no key stays in a browser. Nothing is stored: the cookie is base64url of its expiry (unix seconds, 64
/// bits, big-endian) and an HMAC-SHA256 of it and the hash of the operator's key, under a secret of the installation. So every instance
/// accepts the sessions of the others, and a session ends with the key that began it.
/// </summary>
public sealed class OperatorSessions
{
    /// <summary>Of the cookie.</summary>
    public const string CookieName = "seckill-session";

    private const int Length = sizeof(long) + HMACSHA256.HashSizeInBytes;
    private readonly OperatorList _operators;
    private readonly TimeProvider _clock;
    private readonly byte[] _key;
    private readonly TimeSpan _lifetime;
    private readonly bool _isSecure;

    /// <param name="secret">The same in all processes of the installation.</param>
    /// <param name="operators">Whose sessions there are.</param>
    /// <param name="environment">Only in Development the cookie goes over plain HTTP as well.</param>
    /// <param name="options">How long a session lasts.</param>
    /// <param name="clock">Decides when it is over.</param>
    public OperatorSessions(
        string secret, OperatorList operators, IHostEnvironment environment, IOptions<OperatorAccessOptions> options, TimeProvider clock)
    {
        (_operators, _clock, _lifetime) = (operators, clock, TimeSpan.FromMinutes(options.Value.SessionMinutes));
        _isSecure = !environment.IsDevelopment();
        _key = HKDF.DeriveKey(
            HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret), HMACSHA256.HashSizeInBytes,
            info: "seckill operator session"u8.ToArray());
    }

    /// <summary>Begins a session: sets the cookie.</summary>
    public void Begin(HttpResponse response, OperatorIdentity who)
    {
        Span<byte> session = stackalloc byte[Length];
        var end = _clock.GetUtcNow().Add(_lifetime);
        if (who.ExpiresAt < end)
        {
            end = who.ExpiresAt.Value;
        }

        BinaryPrimitives.WriteInt64BigEndian(session, end.ToUnixTimeSeconds());
        Sign(session[..sizeof(long)], who, session[sizeof(long)..]);
        response.Cookies.Append(CookieName, Base64Url.EncodeToString(session), Cookie(_lifetime));
    }

    /// <summary>Ends it in this browser.</summary>
    public void End(HttpResponse response) => response.Cookies.Delete(CookieName, Cookie(null));

    /// <summary>The operator of the request's session; null without a valid one.</summary>
    public OperatorIdentity? Find(HttpRequest request)
    {
        var session = new byte[Length];
        if (request.Cookies[CookieName] is not { } cookie
            || cookie.Length != Base64Url.GetEncodedLength(Length)
            || Base64Url.DecodeFromChars(cookie, session, out _, out var length) != System.Buffers.OperationStatus.Done || length != Length
            || BinaryPrimitives.ReadInt64BigEndian(session) <= _clock.GetUtcNow().ToUnixTimeSeconds())
        {
            return null;
        }

        return _operators.Find(one =>
        {
            Span<byte> expected = stackalloc byte[HMACSHA256.HashSizeInBytes];
            Sign(session.AsSpan(0, sizeof(long)), one, expected);
            return CryptographicOperations.FixedTimeEquals(expected, session.AsSpan(sizeof(long)));
        });
    }

    private void Sign(ReadOnlySpan<byte> expiry, OperatorIdentity who, Span<byte> signature)
    {
        Span<byte> text = stackalloc byte[sizeof(long) + SHA256.HashSizeInBytes];
        expiry.CopyTo(text);
        who.KeyHash.Span.CopyTo(text[sizeof(long)..]);
        HMACSHA256.HashData(_key, text, signature);
    }

    private CookieOptions Cookie(TimeSpan? maxAge) => new()
    {
        HttpOnly = true, SameSite = SameSiteMode.Strict, Secure = _isSecure, Path = "/", MaxAge = maxAge, IsEssential = true,
    };
}
