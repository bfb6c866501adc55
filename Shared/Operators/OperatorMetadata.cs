using Seckill.Shared.OpenApi;
using Seckill.Shared.Security;

namespace Seckill.Shared.Operators;

/// <summary>The role that an endpoint needs, when it is not viewer for reading and operator for everything else.</summary>
/// <param name="Role">The least one.</param>
public sealed record RequiresRole(OperatorRole Role);

/// <summary>Marks endpoints that change nothing, although they are called with POST or DELETE: they are not recorded.</summary>
public sealed record IsNoAction;

/// <summary>How the thing that an endpoint changes was before; it is recorded with the action, and written as JSON.</summary>
/// <param name="ReadAsync">Reads it. An exception refuses the action.</param>
public sealed record StateBefore(Func<HttpContext, Task<object?>> ReadAsync);

/// <summary>
/// A member of the answer that only the caller may see: the record of the action, which every viewer may read, is without it.
/// </summary>
/// <param name="Member">Of the answer's object.</param>
public sealed record AnswersSecret(string Member);

/// <summary>For endpoints of the ops interface.</summary>
public static class OperatorMetadata
{
    /// <summary>Only operators may call the endpoint, or each of the group; what they change is recorded.</summary>
    public static T ForOperators<T>(this T endpoints, OperationGroup group)
        where T : IEndpointConventionBuilder =>
        endpoints.WithMetadata(new RequiresOpsKey(), group).ProducesProblems(OperatorRefusals.Forbidden, OperatorRefusals.TooManyFailures);

    /// <summary>Only admins may.</summary>
    public static T ForAdmins<T>(this T endpoints)
        where T : IEndpointConventionBuilder => endpoints.WithMetadata(new RequiresRole(OperatorRole.Admin));

    /// <summary>Records what this reads as the state before the action.</summary>
    public static T RecordsBefore<T>(this T endpoints, Func<HttpContext, Task<object?>> readAsync)
        where T : IEndpointConventionBuilder => endpoints.WithMetadata(new StateBefore(readAsync));
}
