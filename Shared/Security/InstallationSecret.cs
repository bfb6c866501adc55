using Seckill.Shared.Settings;

namespace Seckill.Shared.Security;

/// <summary>
/// The secret that the processes of one installation share, from which they derive keys for what they send each other:
/// <c>Messages:SigningKey</c>, or <c>Auth:OpsKey</c> when there is none.
/// </summary>
public static class InstallationSecret
{
    private const string Own = "Messages:SigningKey";
    private const string OpsKey = "Auth:OpsKey";

    /// <exception cref="InvalidSettingException">It is missing, too short, or a development value.</exception>
    public static string Of(IConfiguration configuration, IHostEnvironment environment)
    {
        var isRetired = string.IsNullOrEmpty(configuration[OpsKey]) && configuration.GetSection("Auth:Operators").GetChildren().Any();
        return string.IsNullOrEmpty(configuration[Own]) && !isRetired
            ? configuration.RequiredSecret(environment, OpsKey, DevelopmentKeys.Ops)
            : configuration.RequiredSecret(environment, Own, DevelopmentKeys.Ops);
    }
}
