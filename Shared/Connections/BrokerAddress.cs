using System.Security.Authentication;
using RabbitMQ.Client;
using Seckill.Shared.Settings;

namespace Seckill.Shared.Connections;

/// <summary>
/// Where RabbitMQ is, from <c>ConnectionStrings:RabbitMq</c>: <c>amqp://user:password@host:5672,host:5672/vhost</c>, or amqps, with one
/// host or several nodes of one cluster. Every connection tries them in random order, so those of many processes are spread.
/// </summary>
public sealed class BrokerAddress
{
    private const string Form = "amqp(s)://user:password@host:port,host:port/vhost";
    private readonly IReadOnlyList<AmqpTcpEndpoint> _endpoints;

    private BrokerAddress(bool isEncrypted, string? credentials, string? virtualHost, IReadOnlyList<AmqpTcpEndpoint> endpoints)
    {
        var parts = credentials?.Split(':', 2) ?? [];
        UserName = parts.Length > 0 ? Uri.UnescapeDataString(parts[0]) : ConnectionFactory.DefaultUser;
        Password = parts.Length > 1 ? Uri.UnescapeDataString(parts[1]) : ConnectionFactory.DefaultPass;
        VirtualHost = string.IsNullOrEmpty(virtualHost) ? ConnectionFactory.DefaultVHost : Uri.UnescapeDataString(virtualHost);
        (IsEncrypted, _endpoints) = (isEncrypted, endpoints);
    }

    /// <summary>Whether it begins with <c>amqps</c>.</summary>
    public bool IsEncrypted { get; }

    internal string UserName { get; }
    internal string Password { get; }
    internal string VirtualHost { get; }
    internal AmqpTcpEndpoint First => _endpoints[0];

    /// <summary>As configured.</summary>
    /// <exception cref="InvalidSettingException">It is missing or has another form.</exception>
    public static BrokerAddress In(IConfiguration configuration) => Parse(configuration.RequiredConnectionString("RabbitMq"));

    /// <summary>Reads it. The message of an error has no part of the text, which has a password.</summary>
    /// <exception cref="InvalidSettingException">It has another form.</exception>
    public static BrokerAddress Parse(string text)
    {
        var (scheme, rest) = Cut(text, "://");
        if (rest is null || scheme is not ("amqp" or "amqps"))
        {
            throw Invalid("it begins neither with amqp:// nor with amqps://");
        }

        if (rest.AsSpan().IndexOfAny('?', '#') >= 0)
        {
            throw Invalid("what follows a ? or # is not understood");
        }

        var (authority, virtualHost) = Cut(rest, "/");
        if (virtualHost?.Contains('/', StringComparison.Ordinal) is true)
        {
            throw Invalid("the name of the virtual host has a slash, which is written %2F");
        }

        var at = authority.LastIndexOf('@');
        return new BrokerAddress(
            scheme == "amqps", at < 0 ? null : authority[..at], virtualHost,
            [.. authority[(at + 1)..].Split(',').Select((host, i) => Endpoint(scheme, host.Trim(), i + 1))]);
    }

    /// <summary>Makes a factory connect to these hosts, and to no other.</summary>
    internal void Configure(ConnectionFactory factory)
    {
        (factory.UserName, factory.Password, factory.VirtualHost) = (UserName, Password, VirtualHost);
        factory.EndpointResolverFactory = _ => new DefaultEndpointResolver(_endpoints);
    }

    private static AmqpTcpEndpoint Endpoint(string scheme, string host, int number) =>
        host.Length > 0 && Uri.TryCreate($"{scheme}://{host}", UriKind.Absolute, out var uri)
        && uri is { Host.Length: > 0, PathAndQuery: "/" or "", UserInfo: "" } && uri.Port is -1 or > 0
            ? scheme == "amqps"
                // The versions of TLS that the machine allows; the client's own default is older.
                ? new(uri.DnsSafeHost, uri.Port, new SslOption(uri.DnsSafeHost, enabled: true) { Version = SslProtocols.None })
                : new(uri.DnsSafeHost, uri.Port)
            : throw Invalid(string.Create(CultureInfo.InvariantCulture, $"host {number} is no name or address with a port"));

    private static (string Before, string? After) Cut(string text, string separator) =>
        text.IndexOf(separator, StringComparison.Ordinal) is >= 0 and var at
            ? (text[..at], text[(at + separator.Length)..]) : (text, null);

    private static InvalidSettingException Invalid(string problem) =>
        new("ConnectionStrings:RabbitMq", $"is not of the form {Form}: {problem}");
}
