using Microsoft.AspNetCore.Cors.Infrastructure;

namespace Seckill.OrderService.Storefront;

/// <summary>Settings under <c>Cors</c>.</summary>
public sealed class CrossOriginOptions
{
    /// <summary>
    /// Origins whose pages may call the storefront's interface from a browser, as a browser sends them: `https://shop.example`, without a
    /// path; or `*` alone for all. Without any, cross-origin requests are not answered, and cost nothing.
    /// </summary>
    public IReadOnlyList<string> Origins { get; set; } = [];
}

/// <summary>Lets pages of other origins call the storefront, by the CORS protocol. Tokens are headers, so no credentials.</summary>
internal static class CrossOrigin
{
    private const string Path = "Cors:" + nameof(CrossOriginOptions.Origins);
    private const string Any = "*";

    // What browsers keep at most: two hours.
    private static readonly TimeSpan s_preflightMaxAge = TimeSpan.FromHours(2);

    /// <summary>Must come before routing, because the busiest endpoint is short-circuited there.</summary>
    /// <exception cref="InvalidSettingException">An entry is not an origin.</exception>
    public static void UseCrossOrigin(this WebApplication app)
    {
        var entries = app.Configuration.GetSection(Path).GetChildren().ToList();
        if (entries.Count == 0)
        {
            return;
        }

        string[] origins = [.. entries.Select(entry => Parse(entry, isAlone: entries.Count == 1))];
        app.UseWhen(
            http => http.Request.Path.StartsWithSegments("/orders") || http.Request.Path.StartsWithSegments("/sales")
                || http.Request.Path.StartsWithSegments("/tokens"),
            storefront => storefront.Use(VaryByOriginAsync).UseCors(policy => policy
                .WithOrigins(origins)
                .WithMethods(HttpMethods.Get, HttpMethods.Post)
                .WithHeaders("Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID", "Queue-Work", "Sale-Pass")
                .WithExposedHeaders("Location", "Retry-After", "ETag")
                .SetPreflightMaxAge(s_preflightMaxAge)));
    }

    // Also for a request without an origin: its cached answer, without the headers, must not be used for a page that sends one.
    private static Task VaryByOriginAsync(HttpContext http, RequestDelegate next)
    {
        http.Response.OnStarting(
            static response =>
            {
                ((HttpResponse)response).Headers.Vary = "Origin";
                return Task.CompletedTask;
            },
            http.Response);
        return next(http);
    }

    private static string Parse(IConfigurationSection entry, bool isAlone) => entry.Value switch
    {
        Any when isAlone => Any,
        Any => throw new InvalidSettingException(entry.Path, "is '*', and must then be the only entry"),
        { } text when Uri.TryCreate(text, UriKind.Absolute, out var url)
            && (url.Scheme == Uri.UriSchemeHttp || url.Scheme == Uri.UriSchemeHttps)
            && url.HostNameType is UriHostNameType.Dns or UriHostNameType.IPv4 or UriHostNameType.IPv6
            && url.GetLeftPart(UriPartial.Authority) == text => text,
        var other => throw new InvalidSettingException(
            entry.Path, $"is '{other}', and must be an origin as browsers send it, such as https://shop.example, without a path"),
    };
}
