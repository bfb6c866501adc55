using System.ComponentModel.DataAnnotations;
using Seckill.InventoryService.Operations;

namespace Seckill.InventoryService.Buyers;

/// <summary>Settings under <c>Buyers</c>.</summary>
public sealed class BuyerOptions
{
    /// <summary>Days for which orders of an archived sale keep their buyer, also after a request to forget the buyer.</summary>
    [Range(0, 36_500)] public int RetentionDays { get; set; }
}

/// <summary>Forgets buyers.</summary>
internal static class BuyersFeature
{
    public static void AddBuyers(this WebApplicationBuilder builder)
    {
        builder.Services.AddValidatedOptions<BuyerOptions>("Buyers");
        builder.Services.AddSingleton<BuyerErasure>();
        builder.Services.AddHostedService<ErasureSchedule>();
    }

    public static void MapBuyers(this WebApplication app) =>
        app.MapDelete("/buyers/{userId:id}", EraseAsync)
            .WithName("eraseBuyer")
            .ForOperators(new OperationGroup("Buyers", "What the stores know of a person."))
            .ForAdmins()
            .WithSummary("Forget a buyer")
            .WithDescription(
                "Replaces the buyer in orders of archived sales whose retention is over, and in the legacy schema while the dual write is "
                + "on. Orders of other sales follow by themselves once they are archived; kept says how many they are. May be repeated.")
            .Produces<ErasedBuyer>()
            .ProducesProblems(400, 401, 503);

    private static async Task<IResult> EraseAsync(long userId, BuyerErasure erasure, CancellationToken cancellationToken) =>
        userId <= 0 || userId == BuyerErasure.Replacement
            ? Problem.Invalid("userId", "this must be the id of a buyer")
            : Results.Json(await erasure.RequestAsync(userId, cancellationToken));
}

/// <summary>What became of a request to forget a buyer.</summary>
/// <param name="Erased">Orders that name the buyer no longer, by this request.</param>
/// <param name="Kept">Orders that still do: their sales are not archived, or not for long enough.</param>
/// <param name="Done">True when none is left.</param>
public sealed record ErasedBuyer(long Erased, long Kept, bool Done);
