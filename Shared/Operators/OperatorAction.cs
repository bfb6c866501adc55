using System.ComponentModel.DataAnnotations;
using System.Text.Json;

namespace Seckill.Shared.Operators;

/// <summary>What an operator did.</summary>
/// <param name="Id">Counts the actions.</param>
/// <param name="At">When it began, UTC.</param>
/// <param name="Operator">Who: the name of the operator.</param>
/// <param name="Role">Its role at that moment.</param>
/// <param name="From">The address of the caller.</param>
/// <param name="Service">The service that did it.</param>
/// <param name="Action">The operation.</param>
/// <param name="Target">Method and path, with the query.</param>
/// <param name="Status">Of the answer; null while it runs, and when the process died or could not answer.</param>
/// <param name="Before">What was changed, as it was before; null when there was nothing, or it is not kept.</param>
/// <param name="After">The answer; null when it has none, or it is too long.</param>
public sealed record OperatorAction(
    long Id, DateTimeOffset At, string Operator, [property: AllowedValues("viewer", "operator", "admin")] string Role, string? From,
    string Service, string Action, string Target, int? Status, JsonElement? Before, JsonElement? After);
