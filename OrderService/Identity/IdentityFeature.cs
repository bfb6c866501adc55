namespace Seckill.OrderService.Identity;

/// <summary>Buyers whose tokens an identity provider signs, with keys that only it has.</summary>
internal static class IdentityFeature
{
    private const string Authority = "Auth:Authority";
    private const string JwksUrl = "Auth:JwksUrl";
    private const string Audience = "Auth:Audience";

    /// <exception cref="InvalidSettingException">The provider is set by half, or without https.</exception>
    public static void AddIdentity(this WebApplicationBuilder builder)
    {
        builder.Services.AddValidatedOptions<IdentityOptions>("Auth");
        var authority = builder.Configuration[Authority];
        if (string.IsNullOrEmpty(authority))
        {
            return;
        }

        RequireUrl(Authority, authority, builder.Environment);
        if (builder.Configuration[JwksUrl] is { Length: > 0 } keys)
        {
            RequireUrl(JwksUrl, keys, builder.Environment);
        }

        if (string.IsNullOrEmpty(builder.Configuration[Audience]))
        {
            throw new InvalidSettingException(
                Audience, "is missing, and a token for another service of this issuer would be valid");
        }

        builder.Services.AddSingleton<IssuerKeys>();
        builder.Services.AddHostedService(provider => provider.GetRequiredService<IssuerKeys>());
        builder.Services.AddSingleton<IdentityMetrics>();
        builder.Services.AddSingleton<ExternalTokens>();
    }

    private static void RequireUrl(string setting, string text, IHostEnvironment environment)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || !OutgoingHttp.IsAllowed(url, environment))
        {
            throw new InvalidSettingException(setting, $"is '{text}', and must be an https address");
        }
    }
}
