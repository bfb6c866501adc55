namespace Seckill.Shared.Http;

/// <summary>Calls of a service to addresses of others, which an operator has chosen.</summary>
public static class OutgoingHttp
{
    /// <summary>True for an https address; in Development also for http.</summary>
    public static bool IsAllowed(Uri address, IHostEnvironment environment)
    {
        ArgumentNullException.ThrowIfNull(address);
        return address.Scheme == Uri.UriSchemeHttps || (address.Scheme == Uri.UriSchemeHttp && environment.IsDevelopment());
    }

    /// <summary>
    /// For calls that are signed: it follows no redirect, which would send them to an address that no operator has chosen.
    /// </summary>
    public static SocketsHttpHandler NewHandler() => new()
    {
        AllowAutoRedirect = false, UseCookies = false, PooledConnectionLifetime = TimeSpan.FromMinutes(2),
    };
}
