using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Seckill.Shared.Http;

/// <summary>
/// The route constraint <c>id</c>: a positive 64-bit integer as we write it, digits without a sign, a space or a leading zero. One
/// resource has one path; any other spelling is 404.
/// </summary>
public sealed class IdConstraint : IRouteConstraint
{
    /// <inheritdoc/>
    public bool Match(
        HttpContext? httpContext, IRouter? route, string routeKey, RouteValueDictionary values, RouteDirection routeDirection) =>
        values.TryGetValue(routeKey, out var value)
        && Convert.ToString(value, CultureInfo.InvariantCulture) is { Length: > 0 } text
        && text[0] != '0'
        && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _);
}
