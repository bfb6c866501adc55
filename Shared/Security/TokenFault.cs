namespace Seckill.Shared.Security;

/// <summary>Why a <see cref="BuyerToken"/> is refused.</summary>
public enum TokenFault
{
    /// <summary>Not three parts of base64url, the first two of them JSON objects; or too long.</summary>
    Malformed,
    /// <summary>The header does not say HS256.</summary>
    WrongAlgorithm,
    /// <summary>The header has a <c>crit</c>.</summary>
    UnknownExtension,
    /// <summary>Another key, or changed afterwards.</summary>
    WrongSignature,
    /// <summary><c>exp</c> is missing or no number.</summary>
    WrongExpiry,
    /// <summary><c>exp</c> is in the past.</summary>
    Expired,
    /// <summary><c>nbf</c> is no number.</summary>
    WrongNotBefore,
    /// <summary><c>nbf</c> is in the future.</summary>
    NotYetValid,
    /// <summary>The claim with the user id is missing.</summary>
    NoSubject,
    /// <summary>The user id is no positive 64-bit integer in digits.</summary>
    WrongSubject,
    /// <summary>The identity provider has no such key.</summary>
    UnknownKey,
    /// <summary><c>iss</c> is not the identity provider.</summary>
    WrongIssuer,
    /// <summary><c>aud</c> is another service.</summary>
    WrongAudience,
    /// <summary><c>typ</c> is not that of an access token.</summary>
    WrongType,
    /// <summary><c>exp</c> is further ahead than is allowed.</summary>
    LivesTooLong,
    /// <summary>No fault of the token: the keys of the identity provider were never read.</summary>
    NoKeysYet,
    /// <summary>No fault of the token: too many are being verified.</summary>
    Busy,
}
