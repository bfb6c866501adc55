using Microsoft.AspNetCore.Routing.Patterns;
using Seckill.Shared.Http;
using Seckill.Shared.Settings;

namespace Seckill.Shared.Hosting;

/// <summary>
/// The second listener of a process, for machines and operators: what reveals how the process is does not stand where buyers call. The
/// port on which a connection arrived decides, never a header of the request. Without <c>Management:Port</c> there is one listener.
/// </summary>
/// <param name="port">Its port; null when there is one listener.</param>
public sealed class ManagementListener(int? port)
{
    private const string Setting = "Management:" + nameof(ManagementOptions.Port);
    private static readonly Problem s_notHere = new(StatusCodes.Status404NotFound, "not-found", "No such resource.");
    private string[]? _paths;

    /// <summary>Adds the listener to the addresses of the process.</summary>
    /// <exception cref="InvalidSettingException">
    /// The port is missing outside Development, is no port, or is taken by the other one.
    /// </exception>
    internal static ManagementListener AddTo(WebApplicationBuilder builder)
    {
        var listener = new ManagementListener(PortOf(builder.Configuration, builder.Environment));
        builder.Services.AddValidatedOptions<ManagementOptions>("Management");
        builder.Services.AddSingleton(listener);
        if (listener.PortNumber is { } port)
        {
            Bind(builder.Configuration, port);
        }

        return listener;
    }

    /// <summary>Null when there is one listener.</summary>
    public int? PortNumber => port;

    /// <summary>True when this request may see what the ops listener has.</summary>
    public bool Serves(HttpContext http) => port is null || http.Connection.LocalPort == port;

    /// <summary>Keeps everything else off the ops listener. Must come before routing, which answers the busiest endpoint itself.</summary>
    internal void UseBeforeRouting(WebApplication app)
    {
        if (port is { } own)
        {
            app.Use(next => http =>
                http.Connection.LocalPort != own || IsOurs(http, app.Services) ? next(http) : s_notHere.ExecuteAsync(http));
        }
    }

    /// <summary>Keeps what belongs to the ops listener off the other one. Must come behind routing.</summary>
    internal void UseAfterRouting(IApplicationBuilder app)
    {
        if (port is not null)
        {
            app.Use(next => http => http.GetEndpoint()?.Metadata.GetMetadata<OnOpsListener>() is { AndNowhereElse: true } && !Serves(http)
                ? s_notHere.ExecuteAsync(http) : next(http));
        }
    }

    // By the first segment of the paths that are mapped for it, and so a little more than these: none of the others begins like them.
    private bool IsOurs(HttpContext http, IServiceProvider services)
    {
        _paths ??= [.. services.GetRequiredService<IEnumerable<EndpointDataSource>>().SelectMany(source => source.Endpoints)
            .OfType<RouteEndpoint>().Where(endpoint => endpoint.Metadata.GetMetadata<OnOpsListener>() is not null)
            .Select(endpoint => endpoint.RoutePattern.PathSegments is [{ Parts: [RoutePatternLiteralPart { Content: var name }] }, ..]
                ? "/" + name : null)
            .OfType<string>().Distinct(StringComparer.OrdinalIgnoreCase)];
        return Array.Exists(_paths, path => http.Request.Path.StartsWithSegments(path, StringComparison.OrdinalIgnoreCase));
    }

    private static int? PortOf(ConfigurationManager configuration, IHostEnvironment environment)
    {
        var text = configuration[Setting];
        if (string.IsNullOrEmpty(text))
        {
            return environment.IsDevelopment() ? null : throw new InvalidSettingException(
                Setting,
                $"is missing (environment: {environment.EnvironmentName}). Outside Development, metrics, health details and the dual write "
                + "need a port of their own, which buyers do not reach");
        }

        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is >= 1 and <= 65_535
            ? number : throw new InvalidSettingException(Setting, $"is '{text}', and must be a port from 1 to 65535");
    }

    private static void Bind(ConfigurationManager configuration, int number)
    {
        const string Endpoints = "Kestrel:Endpoints", Urls = "Urls";
        var urls = configuration[Urls] is { Length: > 0 } text ? text : "http://localhost:5000";
        var others = urls.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(BindingAddress.Parse).ToList();
        var first = others.Find(address => !address.IsUnixPipe && !address.IsNamedPipe);
        var url = string.Create(CultureInfo.InvariantCulture, $"http://{first?.Host ?? "localhost"}:{number}");
        if (configuration.GetSection(Endpoints).GetChildren().Any())
        {
            // They replace Urls.
            configuration[Endpoints + ":Management:Url"] = url;
        }
        else if (others.Exists(address => address.Port == number))
        {
            throw new InvalidSettingException(Setting, $"is {number}, which is also a port of Urls");
        }
        else
        {
            configuration[Urls] = $"{urls};{url}";
        }
    }
}

/// <summary>Marks endpoints that the ops listener has.</summary>
/// <param name="AndNowhereElse">True when the other listener does not have it.</param>
public sealed record OnOpsListener(bool AndNowhereElse = true);
