using System.Net;
using Seckill.Shared.Http;

namespace Seckill.Shared.Security;

/// <summary>
/// Limits the requests of an address to endpoints that need no token. It counts for itself: a buyer who looks at a sale must not use up
/// what the address may order.
/// </summary>
public sealed class AddressGuard(int burst, int perSecond, TimeProvider clock) : IEndpointFilter
{
    private readonly RateLimit _limit = new(burst, perSecond, clock);

    public ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next) =>
        _limit.TryAcquire(context.HttpContext.Connection.RemoteIpAddress ?? IPAddress.None)
            ? next(context) : ValueTask.FromResult<object?>(Problem.RateLimited);
}
