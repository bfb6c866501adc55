using Seckill.Shared.Settings;

namespace Seckill.Shared.Connections;

/// <summary>
/// Outside Development every connection to a store is encrypted, or a setting says that this is not needed: otherwise keys and orders would
/// cross a network in the clear by default.
/// </summary>
public static class StoreEncryption
{
    private const string Allowed = "Stores:AllowUnencrypted";

    /// <summary>Of Redis, from its options.</summary>
    /// <exception cref="InvalidSettingException">It is not encrypted, and has to be.</exception>
    public static void RequireForRedis(IHostApplicationBuilder builder, ConfigurationOptions options) =>
        Require(builder, "Redis", options.Ssl, "ssl=true");

    /// <summary>Of RabbitMQ, from its address.</summary>
    /// <exception cref="InvalidSettingException">It is not encrypted, and has to be.</exception>
    public static void RequireForRabbitMq(IHostApplicationBuilder builder, BrokerAddress address) =>
        Require(builder, "RabbitMq", address.IsEncrypted, "amqps://");

    /// <summary>Of a PostgreSQL database. Less than VerifyFull trusts any server that answers.</summary>
    /// <exception cref="InvalidSettingException">It is not encrypted, and has to be.</exception>
    public static void RequireForPostgres(IHostApplicationBuilder builder, string name, NpgsqlConnectionStringBuilder settings) =>
        Require(builder, name, settings.SslMode == SslMode.VerifyFull, "SSL Mode=VerifyFull");

    private static void Require(IHostApplicationBuilder builder, string name, bool isEncrypted, string needed)
    {
        if (!isEncrypted && !builder.Environment.IsDevelopment() && !IsAllowed(builder.Configuration))
        {
            throw new InvalidSettingException(
                $"ConnectionStrings:{name}",
                $"is not encrypted (environment: {builder.Environment.EnvironmentName}), and needs {needed}. Where a mesh encrypts, or "
                + $"only these processes share the network, set {Allowed}=true");
        }
    }

    private static bool IsAllowed(IConfiguration configuration) =>
        configuration[Allowed] is { Length: > 0 } text
        && (bool.TryParse(text, out var allowed) ? allowed
            : throw new InvalidSettingException(Allowed, $"is '{text}', and must be true or false"));
}
