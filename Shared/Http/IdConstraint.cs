namespace Seckill.Shared.Http;

/// <summary>
/// The route constraint <c>id</c>: a 64-bit integer spelled as JSON spells it, without a plus sign, a space or a leading zero. One
/// resource has one path; any other spelling is 404.
/// </summary>
public sealed class IdConstraint : IRouteConstraint
{
    public bool Match(
        HttpContext? httpContext, IRouter? route, string routeKey, RouteValueDictionary values, RouteDirection routeDirection) =>
        values.TryGetValue(routeKey, out var value)
        && Convert.ToString(value, CultureInfo.InvariantCulture) is { } text
        && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var id)
        && id.ToString(CultureInfo.InvariantCulture) == text;

    /// <summary>The value of such a part of the path.</summary>
    public static long Of(HttpContext http, string routeKey) =>
        long.Parse((string)http.Request.RouteValues[routeKey]!, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
}
