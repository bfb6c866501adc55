using Seckill.Shared.Settings;

namespace Seckill.Shared.Security;

/// <summary>A key of buyer tokens.</summary>
/// <param name="Secret">At least 32 bytes of UTF-8.</param>
/// <param name="Id">The <c>kid</c> of tokens that it signs; null when they have none.</param>
public sealed record BuyerTokenKey(string Secret, string? Id = null)
{
    /// <summary>
    /// Those of the settings: <c>Auth:BuyerTokenKey</c>, and for a rotation <c>Auth:OtherBuyerTokenKeys</c>, which are valid as well.
    /// </summary>
    /// <exception cref="InvalidSettingException">One is missing or invalid, or two have one id.</exception>
    public static IReadOnlyList<BuyerTokenKey> Of(IConfiguration configuration, IHostEnvironment environment)
    {
        const string Others = "Auth:OtherBuyerTokenKeys";
        List<BuyerTokenKey> keys =
        [
            new(configuration.RequiredSecret(environment, "Auth:BuyerTokenKey", DevelopmentKeys.BuyerToken),
                NullIfEmpty(configuration["Auth:BuyerTokenKeyId"])),
            .. configuration.OtherSecrets(environment, Others, "Key", DevelopmentKeys.BuyerToken)
                .Select(other => new BuyerTokenKey(other.Secret, NullIfEmpty(other.Entry["Id"]))),
        ];
        return keys.Where(key => key.Id is not null).GroupBy(key => key.Id).FirstOrDefault(same => same.Count() > 1) is { Key: var id }
            ? throw new InvalidSettingException(Others, $"has the id '{id}' twice")
            : keys;
    }

    private static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
