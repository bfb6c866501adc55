using Seckill.OrderService.Overload;

namespace Seckill.OrderService.Storefront;

/// <summary>Refuses requests of a class while the instance has no room for it, before they cost anything.</summary>
internal sealed class ShedFilter(OverloadController overload, RequestClass kind) : IEndpointFilter
{
    public ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next) =>
        overload.Admits(kind) ? next(context) : ValueTask.FromResult<object?>(Refuse(overload, kind));

    /// <summary>Counts the refusal, and gives its answer.</summary>
    public static Problem Refuse(OverloadController overload, RequestClass kind)
    {
        overload.CountShed(kind);
        return Refusals.Busy(overload.RetryAfterSeconds);
    }
}

internal static class ShedFilterExtensions
{
    /// <summary>Requests of the endpoint, or of each of the group, are of this class. Must come before filters that cost more.</summary>
    public static T ShedAs<T>(this T endpoint, IEndpointRouteBuilder app, RequestClass kind)
        where T : IEndpointConventionBuilder =>
        endpoint
            .AddEndpointFilter(new ShedFilter(app.ServiceProvider.GetRequiredService<OverloadController>(), kind))
            .ProducesProblems(Refusals.Busy(1));
}
