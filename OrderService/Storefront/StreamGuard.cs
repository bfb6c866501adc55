namespace Seckill.OrderService.Storefront;

/// <summary>
/// As <see cref="BuyerGuard"/>, for the one endpoint that also takes a <see cref="StreamTicket"/> in its address. A token that is there
/// decides alone.
/// </summary>
internal sealed class StreamGuard(BuyerGuard guard, StreamTicket tickets) : IEndpointFilter
{
    public ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        if (http.Request.Headers.Authorization.Count > 0
            || !http.Request.Query.TryGetValue(StreamTicket.Parameter, out var ticket))
        {
            return guard.InvokeAsync(context, next);
        }

        // Two tickets are read as one, which is none.
        var (userId, expiresAt) = (0L, 0.0);
        var refusal = guard.CheckAddress(http)
            ?? (tickets.TryVerify(ticket.ToString(), (string)http.Request.RouteValues["orderId"]!, out userId, out expiresAt)
                ? guard.CheckUser(userId) : Refusals.WrongTicket);
        return BuyerGuard.AdmitAsync(new(refusal, userId, expiresAt), context, next);
    }
}
