using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.OpenApi;
using Seckill.OrderService.Overload;
using Seckill.OrderService.WaitingRoom;
using Seckill.Shared.WaitingRoom;

namespace Seckill.OrderService.Storefront;

/// <summary>What anyone needs to compute the order of a queue again: the proof of the draw, its leaves, and a buyer's receipt.</summary>
internal static class QueueProofEndpoints
{
    private const string Cacheable = "public, max-age=1";

    private static readonly DescribedParameter[] s_page =
    [
        new(ParameterLocation.Query, "after", "The leaves from this place on.",
            () => new OpenApiSchema { Type = JsonSchemaType.Integer, Minimum = "0", Default = JsonValue.Create(0) }, "0"),
        new(ParameterLocation.Query, "limit", "Leaves on a page.",
            () => new OpenApiSchema
            {
                Type = JsonSchemaType.Integer, Minimum = "1", Maximum = $"{QueueProof.MostLeavesOfPage}",
                Default = JsonValue.Create(QueueProof.MostLeavesOfPage),
            },
            "1000"),
    ];

    public static void Map(IEndpointRouteBuilder app)
    {
        var queue = app.MapGroup("/sales/{saleId:id}/queue").WithMetadata(QueueEndpoint.Group)
            .ShedAs(app, RequestClass.SalePage).ProducesProblems(503).ProducesProblems(Refusals.NoWaitingRoom);
        var limit = app.ServiceProvider.GetRequiredService<AddressGuard>();
        queue.MapGet("/proof", ProveAsync)
            .AddEndpointFilter(limit)
            .WithName("getQueueProof")
            .WithSummary("Read the proof of a draw")
            .WithDescription(
                "Public. Before the draw the commitment; afterwards the secret, the seed and the Merkle root, and the leaves when "
                + "there are few. ./seckill verify-queue computes it again.")
            .WithMetadata(new DescribedHeader(200, "Cache-Control", "How long caches may keep it.", Cacheable))
            .Produces<QueueProof>()
            .ProducesProblems(429);
        queue.MapGet("/leaves", ListLeavesAsync)
            .AddEndpointFilter(limit)
            .WithName("listQueueLeaves")
            .WithSummary("Read the leaves of a draw, in pages")
            .WithDescription("Public. By place; each hides its buyer.")
            .WithMetadata([.. s_page])
            .Produces<QueueLeaves>()
            .ProducesProblems(400, 429)
            .ProducesProblems(Refusals.NotDrawn);
        queue.MapGet("/receipt", ReceiptAsync)
            .AddEndpointFilter(app.ServiceProvider.GetRequiredService<BuyerGuard>())
            .WithName("getQueueReceipt")
            .WithSummary("Get the receipt of the buyer's place")
            .WithDescription("Keep it from before the draw, and compare: the leaf of a place never changes.")
            .WithMetadata(new TakesBuyerToken())
            .Produces<QueueReceipt>()
            .ProducesProblems(401, 429)
            .ProducesProblems(Refusals.NotRegistered);
    }

    private static async Task<Results<JsonHttpResult<QueueProof>, Problem>> ProveAsync(long saleId, RoomBoard rooms, HttpContext http)
    {
        if (await rooms.FindAsync(saleId) is not { View.State: { } state } room)
        {
            return Refusals.NoWaitingRoom;
        }

        http.Response.Headers.CacheControl = Cacheable;
        return TypedResults.Json(Proof(saleId, room, state, withLeaves: true), QueueJson.Default.QueueProof);
    }

    private static async Task<Results<JsonHttpResult<QueueLeaves>, Problem>> ListLeavesAsync(
        long saleId, RoomBoard rooms, int after = 0, int limit = QueueProof.MostLeavesOfPage)
    {
        if (after < 0 || limit is < 1 or > QueueProof.MostLeavesOfPage)
        {
            return Problem.Invalid(after < 0 ? "after" : "limit", $"after must be 0 or more, and limit 1 to {QueueProof.MostLeavesOfPage}");
        }

        if (await rooms.FindAsync(saleId) is not { View.State: { } state } room)
        {
            return Refusals.NoWaitingRoom;
        }

        if (state.Root is null || room.Tree is not { } tree)
        {
            return Refusals.NotDrawn;
        }

        var end = (int)Math.Min((long)after + limit, tree.Count);
        return TypedResults.Json(
            new QueueLeaves([.. Enumerable.Range(after, Math.Max(0, end - after)).Select(tree.Leaf)], end < tree.Count ? end : null),
            QueueJson.Default.QueueLeaves);
    }

    private static async Task<Results<JsonHttpResult<QueueReceipt>, Problem>> ReceiptAsync(long saleId, RoomBoard rooms, HttpContext http)
    {
        if (await rooms.FindAsync(saleId) is not { View: { State: { } state } view } room)
        {
            return Refusals.NoWaitingRoom;
        }

        var userId = BuyerGuard.UserOf(http);
        if (view.PlaceOf(userId) is not (>= 0 and var place))
        {
            return Refusals.NotRegistered;
        }

        var blind = QueueSeed.Blind(state.BlindKey, userId);
        var isDrawn = state.Root is not null && place < state.Sealed;
        return TypedResults.Json(
            new QueueReceipt(
                saleId, userId, place, blind, QueueSeed.Leaf(saleId, place, userId, blind),
                isDrawn ? room.Tree?.Path(place) : null, view.PositionOf(place) is >= 0 and var position ? position + 1 : null,
                Proof(saleId, room, state, withLeaves: false)),
            QueueJson.Default.QueueReceipt);
    }

    private static QueueProof Proof(long saleId, Room room, RoomState state, bool withLeaves)
    {
        var isDrawn = state.Seed is not null;
        var tree = withLeaves && state is { Root: not null, Sealed: <= QueueProof.MostLeaves } ? room.Tree : null;
        return new(
            saleId, QueueSeed.Algorithm, state.Commitment, state.Sealed ?? state.Places, state.DrawsAt,
            state.BeaconName.Length > 0 ? state.BeaconName : null, state.SealedAt, state.Root, state.RootAt,
            isDrawn && state.Beacon.Length > 0 ? state.Beacon : null, isDrawn ? state.Secret : null, state.Seed,
            tree is null ? null : [.. Enumerable.Range(0, tree.Count).Select(tree.Leaf)]);
    }
}
