using Microsoft.Extensions.Primitives;

namespace Seckill.Shared.Hosting;

/// <summary>
/// The headers of every answer. It is about orders, money or operations, so no cache keeps it, unless its endpoint says otherwise; and its
/// content type is to be believed.
/// </summary>
internal static class DefaultHeaders
{
    private static readonly StringValues s_noStore = "no-store";
    private static readonly StringValues s_noSniff = "nosniff";

    /// <summary>Must come before routing, because the busiest endpoint is short-circuited there.</summary>
    public static void Use(IApplicationBuilder app) => app.Use(next => http =>
    {
        Set(http.Response);
        return next(http);
    });

    /// <summary>Sets them again, after an exception handler has cleared the answer.</summary>
    public static void Set(HttpResponse response)
    {
        response.Headers.CacheControl = s_noStore;
        response.Headers.XContentTypeOptions = s_noSniff;
    }
}
