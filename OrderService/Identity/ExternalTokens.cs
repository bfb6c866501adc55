using System.Globalization;
using System.Threading.RateLimiting;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Seckill.OrderService.Identity;

/// <summary>
/// Tokens of the identity provider, RS256 or ES256, verified by Microsoft.IdentityModel. A signature costs five clicks or more. So what was
/// verified is remembered; at most half of the processors verify, and a bounded queue waits for them, on no thread. Beyond it the answer
/// is 503, and buyers with HS256 tokens, such as those of <c>POST /tokens</c>, go on.
/// </summary>
internal sealed class ExternalTokens : IDisposable
{
    /// <summary>Tokens that wait: 256 are verified within 50 ms by one processor.</summary>
    public const int MostWaiting = 256;

    private const int SkewSeconds = 60;
    private static readonly string[] s_algorithms = [SecurityAlgorithms.RsaSha256, SecurityAlgorithms.EcdsaSha256];
    private static readonly string[] s_types = ["JWT", "at+jwt", "application/at+jwt"];
    private readonly IssuerKeys _issuer;
    private readonly IdentityOptions _options;
    private readonly string _userIdClaim;
    private readonly TimeProvider _clock;
    private readonly IdentityMetrics _metrics;
    private readonly RememberedTokens _remembered = new();

    // The headers of a request are the limit of its length.
    private readonly JsonWebTokenHandler _handler = new() { MaximumTokenSizeInBytes = BuyerToken.MaximumLength };

    public ExternalTokens(
        IssuerKeys issuer, IOptions<IdentityOptions> options, BuyerToken own, TimeProvider clock, IdentityMetrics metrics)
    {
        (_issuer, _options, _userIdClaim, _clock, _metrics) = (issuer, options.Value, own.UserIdClaim, clock, metrics);
    }

    /// <summary>How many may be verified at once.</summary>
    public static int MostAtOnce { get; } = Math.Max(1, Environment.ProcessorCount / 2);

    /// <summary>Its permits are the processors that verify.</summary>
    internal ConcurrencyLimiter Verifying { get; } = new(new()
    {
        PermitLimit = MostAtOnce, QueueLimit = MostWaiting, QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
    });

    public void Dispose() => Verifying.Dispose();

    /// <summary>The buyer of a token, or its first fault.</summary>
    public ValueTask<VerifiedToken> VerifyAsync(string token, CancellationToken cancellationToken)
    {
        if (_issuer.Now is not { } keys)
        {
            return new(_metrics.Count(new VerifiedToken(TokenFault.NoKeysYet)));
        }

        var hash = RememberedTokens.HashOf(token);
        return _remembered.Find(hash, keys.Number) is { } known
            ? new(_metrics.CountRemembered(known.ExpiresAt > Now ? known : new VerifiedToken(TokenFault.Expired)))
            : VerifyWhenFreeAsync(token, hash, keys, cancellationToken);
    }

    private double Now => _clock.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0;

    private async ValueTask<VerifiedToken> VerifyWhenFreeAsync(
        string token, byte[] hash, IssuerKeySet keys, CancellationToken cancellationToken)
    {
        using var permit = await Verifying.AcquireAsync(1, cancellationToken);
        if (!permit.IsAcquired)
        {
            return _metrics.Count(new VerifiedToken(TokenFault.Busy));
        }

        var verified = Verify(token, keys);
        if (verified.Fault is null)
        {
            _remembered.Add(hash, verified, keys.Number);
        }

        return _metrics.Count(verified);
    }

    private VerifiedToken Verify(string token, IssuerKeySet keys)
    {
        if (Read(token) is not { } jwt)
        {
            return new(TokenFault.Malformed);
        }

        if (!s_algorithms.Contains(jwt.Alg))
        {
            return new(TokenFault.WrongAlgorithm);
        }

        if (keys.Of(jwt.Kid) is not { Count: > 0 } candidates)
        {
            _issuer.ReadAgain();
            return new(TokenFault.UnknownKey);
        }

        return FaultOf(jwt, keys, candidates) is { } fault ? new(fault) : ReadClaims(jwt);
    }

    private JsonWebToken? Read(string token)
    {
        try
        {
            return _handler.ReadJsonWebToken(token);
        }
        catch (Exception exception) when (exception is ArgumentException or SecurityTokenException or FormatException)
        {
            return null;
        }
    }

    private TokenFault? FaultOf(JsonWebToken jwt, IssuerKeySet keys, IReadOnlyList<SecurityKey> candidates)
    {
        var validation = _handler.ValidateTokenAsync(jwt, new TokenValidationParameters
        {
            IssuerSigningKeys = candidates, ValidAlgorithms = s_algorithms, ValidTypes = s_types, ValidIssuer = keys.Issuer,
            ValidAudience = _options.Audience,
            // Below, with the clock of this process and the rules of its own tokens.
            ValidateLifetime = false,
        });
        // With the keys at hand it waits for nothing.
        return !validation.IsCompletedSuccessfully ? TokenFault.Malformed
            : validation.Result is not { IsValid: false, Exception: var exception } ? null
            : exception switch
            {
                SecurityTokenInvalidIssuerException => TokenFault.WrongIssuer,
                SecurityTokenInvalidAudienceException => TokenFault.WrongAudience,
                SecurityTokenInvalidTypeException => TokenFault.WrongType,
                _ => TokenFault.WrongSignature,
            };
    }

    private VerifiedToken ReadClaims(JsonWebToken jwt)
    {
        if (jwt.TryGetHeaderValue<object>("crit", out _))
        {
            return new(TokenFault.UnknownExtension);
        }

        if (!jwt.TryGetPayloadValue<double>("exp", out var expires))
        {
            return new(TokenFault.WrongExpiry);
        }

        var (now, hasStart) = (Now, jwt.TryGetPayloadValue<double>("nbf", out var start));
        if (!(expires > now))
        {
            return new(TokenFault.Expired);
        }

        if (hasStart && !(start < now + SkewSeconds))
        {
            return new(TokenFault.NotYetValid);
        }

        if (expires > now + (60.0 * _options.LongestTokenMinutes))
        {
            return new(TokenFault.LivesTooLong);
        }

        return !jwt.TryGetPayloadValue<string>(_userIdClaim, out var text) ? new(TokenFault.NoSubject)
            : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var userId) && userId > 0
                ? new(null, userId, expires) : new(TokenFault.WrongSubject);
    }
}
