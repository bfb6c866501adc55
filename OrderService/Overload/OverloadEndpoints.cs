using System.ComponentModel.DataAnnotations;

namespace Seckill.OrderService.Overload;

/// <summary>The overload controller, for operators.</summary>
internal static class OverloadEndpoints
{
    private const int MaximumBodyBytes = 4_096;

    public static void Map(IEndpointRouteBuilder app)
    {
        var ops = app.MapGroup("/overload").WithMetadata(new OnOpsListener())
            .ForOperators(new OperationGroup("Overload", "Operators: whom storefronts refuse when more come than they can serve."));
        ops.MapGet("", async (NpgsqlDataSource database, OverloadController controller, CancellationToken cancellationToken) =>
                View(await OverloadControl.ReadAsync(database, cancellationToken), controller))
            .WithName("getOverload")
            .WithSummary("Settings and state of the overload controller")
            .WithDescription("What operators have changed for all storefronts, and how the one that answers is.")
            .Produces<OverloadView>()
            .ProducesProblems(401, 503);
        ops.MapPut("", ChangeAsync)
            .ForAdmins()
            .RecordsBefore(async http => await OverloadControl.ReadAsync(
                http.RequestServices.GetRequiredService<NpgsqlDataSource>(), http.RequestAborted))
            .WithName("changeOverload")
            .WithSummary("Change the settings of the overload controller for all storefronts")
            .WithDescription(
                "For admins. Replaces what was changed before; all storefronts follow within a second. A member that is absent is the "
                + "setting of each process again, so {} takes everything back.")
            .Accepts<OverloadChange>("application/json")
            .Produces<OverloadView>()
            .ProducesProblems(400, 401, 408, 413, 415, 503);
    }

    private static async Task<IResult> ChangeAsync(
        HttpContext http, OverloadControl control, OverloadController controller, CancellationToken cancellationToken)
    {
        var (change, problem) = await JsonBody.ReadAsync(
            http.Request, OverloadJson.Default.OverloadChange, MaximumBodyBytes, cancellationToken);
        if (problem is not null)
        {
            return problem;
        }

        List<ValidationResult> errors = [];
        if (!Validator.TryValidateObject(change!, new ValidationContext(change!), errors, validateAllProperties: true))
        {
            return Problem.Invalid(errors.ToDictionary(
                error => JsonNamingPolicy.CamelCase.ConvertName(error.MemberNames.First()), error => error.ErrorMessage!));
        }

        await control.SetAsync(change!, cancellationToken);
        return View(change!, controller);
    }

    private static IResult View(OverloadChange change, OverloadController controller)
    {
        var options = controller.Options;
        return Results.Json(
            new OverloadView(
                change,
                new OverloadChange(
                    options.Enabled, options.TargetQueueWaitMilliseconds, options.TargetCpuWaitMilliseconds, options.MinConcurrency,
                    options.MaxConcurrency, options.LongestRetryAfterSeconds),
                controller.Limit, controller.InFlight),
            OverloadJson.Default.OverloadView);
    }
}
