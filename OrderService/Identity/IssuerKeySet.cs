using System.Collections.Frozen;
using Microsoft.IdentityModel.Tokens;

namespace Seckill.OrderService.Identity;

/// <summary>The keys of the issuer at one reading.</summary>
/// <param name="Issuer">What <c>iss</c> must be.</param>
/// <param name="Keys">RSA and elliptic-curve keys that sign; those of other kinds are left out, so no secret is ever taken for one.</param>
/// <param name="Number">Counts the readings that brought other keys.</param>
internal sealed record IssuerKeySet(string Issuer, IReadOnlyList<SecurityKey> Keys, int Number)
{
    // RFC 7518, sections 3.3 and 3.4.
    private const int ShortestRsa = 2_048, CurveOfEs256 = 256;

    // A token without a key's name is tried with each, and a stranger must not make that expensive.
    private const int MostKeys = 16;

    private readonly FrozenDictionary<string, SecurityKey> _byId = Keys.Where(key => !string.IsNullOrEmpty(key.KeyId))
        .DistinctBy(key => key.KeyId).ToFrozenDictionary(key => key.KeyId);

    /// <summary>
    /// The keys that may have signed a token: the one that it names, or all for one without a name; none for an unknown name.
    /// </summary>
    public IReadOnlyList<SecurityKey> Of(string? keyId) =>
        string.IsNullOrEmpty(keyId) ? Keys : _byId.TryGetValue(keyId, out var key) ? [key] : [];

    /// <summary>Reads a JSON Web Key Set (RFC 7517).</summary>
    public static IReadOnlyList<SecurityKey> Read(string json) =>
        [.. JsonWebKeySet.Create(json).GetSigningKeys().Where(IsRight).Take(MostKeys)];

    private static bool IsRight(SecurityKey key) => key switch
    {
        ECDsaSecurityKey => key.KeySize == CurveOfEs256,
        AsymmetricSecurityKey => key.KeySize >= ShortestRsa,
        _ => false,
    };
}
