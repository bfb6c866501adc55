using System.ComponentModel.DataAnnotations;

namespace Seckill.OrderService.Identity;

/// <summary>Settings under <c>Auth</c>.</summary>
public sealed class IdentityOptions
{
    /// <summary>
    /// Issuer of buyer tokens that are signed with RS256 or ES256, such as `https://login.example`: OpenID Connect discovery finds its
    /// keys. It needs https outside Development. Without it only HS256 tokens are accepted.
    /// </summary>
    public string? Authority { get; set; }

    /// <summary>Where the keys are (a JWKS), for an issuer without discovery. `iss` is then the authority itself.</summary>
    public string? JwksUrl { get; set; }

    /// <summary>What `aud` of such a token must be, or contain. Required with an authority.</summary>
    public string? Audience { get; set; }

    /// <summary>Such a token that is valid for longer than this, from now, is refused, minutes.</summary>
    [Range(1, 525_600)] public int LongestTokenMinutes { get; set; } = 1_440;

    /// <summary>How often the keys are read again, minutes. While the issuer is down the last ones stay in use.</summary>
    [Range(1, 1_440)] public int KeyRefreshMinutes { get; set; } = 60;

    /// <summary>
    /// A token of an unknown key makes the process read the keys again, at most once in this time, seconds: anyone can send such a token.
    /// A reading that failed is repeated after this time, too.
    /// </summary>
    [Range(1, 3_600)] public int UnknownKeyCooldownSeconds { get; set; } = 30;

    /// <summary>Life of a token of `POST /tokens`, minutes; never longer than that of the token that was exchanged.</summary>
    [Range(1, 1_440)] public int ExchangedTokenMinutes { get; set; } = 30;
}
