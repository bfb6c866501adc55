using System.Globalization;
using Microsoft.OpenApi;
using Seckill.OrderService.Overload;
using Seckill.OrderService.Reservations;
using Seckill.OrderService.WaitingRoom;
using Seckill.Shared.WaitingRoom;

namespace Seckill.OrderService.Storefront;

/// <summary>
/// A buyer registers in the waiting room of a sale, and asks where the place is: past the rest of the pipeline, because all buyers ask
/// again and again. A buyer whose place this instance knows costs no store anything.
/// </summary>
internal sealed class QueueEndpoint(
    BuyerGuard guard, RoomBoard rooms, SaleCatalog catalog, WarmItems warm, QueueAnswer answer,
    OverloadController overload, IOptions<WaitingRoomOptions> options)
{
    private const string Path = "/sales/{saleId:id}/queue";

    private static readonly DescribedParameter s_sale = new(
        ParameterLocation.Path, "saleId", "The sale.", () => new OpenApiSchema { Type = JsonSchemaType.Integer, Format = "int64" }, "1",
        IsRequired: true);

    private static readonly DescribedParameter s_work = new(
        ParameterLocation.Header, QueueWork.Header, "The solution of the challenge that a 403 work-required gave.",
        () => new OpenApiSchema { Type = JsonSchemaType.String }, "70041");

    /// <summary>The group of the waiting room.</summary>
    public static OperationGroup Group { get; } = new("Waiting room", "Register, wait, get a pass, and check that the draw was honest.");

    /// <summary>Maps both.</summary>
    public static void Map(IEndpointRouteBuilder app)
    {
        var endpoint = app.ServiceProvider.GetRequiredService<QueueEndpoint>();
        Describe(PlaceOrderEndpoint.MapDirectly(app, Path, http => endpoint.AnswerAsync(http, registers: true)))
            .WithName("joinQueue")
            .WithSummary("Register in the waiting room of a sale, or ask for the place")
            .WithDescription(
                "Without a body. May be repeated: a buyer has one place. Before the opening of the sale the order of registration does not "
                + "matter: the opening draws the positions. Who comes later stands behind. A buyer whose pass has expired gets a new "
                + "place at the end.")
            .WithMetadata(s_work)
            .ProducesProblems(
                Refusals.UserDenied, Refusals.WorkRequired("c0ffee:42", 12), Refusals.GroupFull,
                Refusals.RoomNotOpen(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch));
        Describe(MapGet(app, http => endpoint.AnswerAsync(http, registers: false)))
            .WithName("getQueuePlace")
            .WithSummary("Ask for the place of a registered buyer")
            .WithDescription("The same answer, without registering. Ask again after pollAfterSeconds.")
            .ProducesProblems(Refusals.NotRegistered);
    }

    /// <summary>Answers one request.</summary>
    public Task AnswerAsync(HttpContext http, bool registers)
    {
        // A place is as good as a pass.
        if (!overload.Admits(RequestClass.PassHolder))
        {
            return ShedFilter.Refuse(overload, RequestClass.PassHolder).ExecuteAsync(http);
        }

        var admission = registers ? guard.CheckOrderAsync(http) : guard.CheckAsync(http);
        return admission.IsCompletedSuccessfully
            ? AnswerAsync(http, admission.Result, registers) : AnswerLaterAsync(http, admission, registers);
    }

    private async Task AnswerLaterAsync(HttpContext http, ValueTask<Admission> admission, bool registers)
    {
        try
        {
            await AnswerAsync(http, await admission, registers);
        }
#pragma warning disable CA1031 // Whatever fails, the buyer gets an answer.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            await ServiceHost.AnswerAsync(http, exception);
        }
    }

    private Task AnswerAsync(HttpContext http, in Admission admission, bool registers)
    {
        if (admission.Refusal is { } refusal)
        {
            return refusal.ExecuteAsync(http);
        }

        var (saleId, userId) = (SaleOf(http), admission.UserId);
        if (rooms.Find(saleId) is { View: { State: not null } view } room && TryDescribe(view, userId, registers, out var place))
        {
            room.Touch();
            answer.Write(http.Response, saleId, userId, place);
            return Task.CompletedTask;
        }

        return AskAsync(http, saleId, userId, registers);
    }

    private static long SaleOf(HttpContext http) =>
        long.Parse((string)http.Request.RouteValues["saleId"]!, NumberStyles.None, CultureInfo.InvariantCulture);

    private static RouteHandlerBuilder MapGet(IEndpointRouteBuilder app, RequestDelegate handler)
    {
#pragma warning disable RDG002 // As in PlaceOrderEndpoint.
        var route = app.MapGet(Path, (Delegate)handler);
#pragma warning restore RDG002
        route.ShortCircuit();
        return route;
    }

    private static RouteHandlerBuilder Describe(RouteHandlerBuilder route) => route
        .WithMetadata(Group, s_sale, new TakesBuyerToken(), new DescribedHeader(202, "Cache-Control", "Never stored.", "no-store"))
        .Produces<QueueView>(StatusCodes.Status202Accepted)
        .ProducesProblems(401, 429, 503)
        .ProducesProblems(Refusals.UnknownSale, Refusals.NoWaitingRoom, Refusals.Busy(1));

    // What needs no question to Redis.
    private static bool TryDescribe(RoomView view, long userId, bool registers, out QueuePlace place)
    {
        place = view.Describe(view.PlaceOf(userId));
        return place.Index >= 0
            ? !registers || place.Turn != QueueTurn.TurnMissed
            : place.Turn is QueueTurn.Admitted || (registers && place.Turn is QueueTurn.SoldOut or QueueTurn.SaleClosed);
    }

    private async Task AskAsync(HttpContext http, long saleId, long userId, bool registers)
    {
        try
        {
            if (await rooms.FindAsync(saleId) is not { View: { State: { } state } view } room)
            {
                await (await ExplainAsync(saleId)).ExecuteAsync(http);
            }
            else if (TryDescribe(view, userId, registers, out var place))
            {
                answer.Write(http.Response, saleId, userId, place);
            }
            else
            {
                var claims = registers && (state.WorkBits > 0 || state.GroupLimit > 0) ? BuyerGuard.ClaimsOf(http) : BuyerClaims.None;
                if (registers && RefuseUnsolved(http, room, state, userId, claims) is { } unsolved)
                {
                    await unsolved.ExecuteAsync(http);
                    return;
                }

                var number = await RegisterAsync(http, room, view, userId, registers, state.GroupLimit > 0 ? claims.Group : "");
                // Of the newest view: the room may have been read again since.
                await AnswerAsync(http, saleId, userId, room.View ?? view, number);
            }
        }
#pragma warning disable CA1031 // Whatever fails, the buyer gets an answer.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            await (exception is RoomLostException ? Refusals.Unavailable.ExecuteAsync(http) : ServiceHost.AnswerAsync(http, exception));
        }
    }

    private Task AnswerAsync(HttpContext http, long saleId, long userId, RoomView view, int number)
    {
        var state = view.State!;
        if (number < 0 && number != (int)RegistrationOutcome.Closed)
        {
            return Refuse(number, state).ExecuteAsync(http);
        }

        var closed = state.IsClosed ? QueueTurn.SaleClosed : QueueTurn.RegistrationClosed;
        answer.Write(http.Response, saleId, userId, number >= 0 ? view.Describe(number) : new(closed, -1, -1, 0, null, 0, default));
        return Task.CompletedTask;
    }

    private async Task<int> RegisterAsync(
        HttpContext http, Room room, RoomView view, long userId, bool registers, string group)
    {
        var registration = new RoomRegistration(
            userId, !registers ? RoomRegistration.OnlyLooks : view.PlaceOf(userId) is >= 0 and var missed ? missed : RoomRegistration.Keeps,
            group);
        // When the buyer has left, the place stays, and a repeated request finds it.
        return room.RegisterAsync(registration) is { } asked
            ? await asked.WaitAsync(TimeSpan.FromMilliseconds(options.Value.TimeoutMilliseconds), http.RequestAborted)
            : int.MinValue;
    }

    private static Problem? RefuseUnsolved(HttpContext http, Room room, RoomState state, long userId, BuyerClaims claims)
    {
        if (state.WorkBits == 0)
        {
            return null;
        }

        var bits = claims.WorkBits is { } own and <= QueueWork.MaximumBits ? own : state.WorkBits;
        if (bits == 0)
        {
            return null;
        }

        var challenge = QueueWork.Challenge(state.Commitment, userId);
        var (asked, required) = room.Demand.Rise;
        if (!QueueWork.IsSolved(challenge, http.Request.Headers[QueueWork.Header], Math.Min(bits + required, QueueWork.MaximumBits)))
        {
            return Refusals.WorkRequired(challenge, Math.Min(bits + asked, QueueWork.MaximumBits));
        }

        room.Demand.Count();
        return null;
    }

    private static Problem Refuse(int outcome, RoomState state) => (RegistrationOutcome)outcome switch
    {
        RegistrationOutcome.NotRegistered => Refusals.NotRegistered,
        RegistrationOutcome.NotOpen => Refusals.RoomNotOpen(state.OpensAt, state.Now),
        RegistrationOutcome.GroupFull => Refusals.GroupFull,
        _ => Refusals.Unavailable,
    };

    private async Task<Problem> ExplainAsync(long saleId) =>
        await catalog.FindSaleAsync(saleId) is { } sale
            ? sale.HasRoom ? Refusals.Unavailable : Refusals.NoWaitingRoom
            : await warm.MayBeLostAsync(saleId) ? Refusals.Unavailable : Refusals.UnknownSale;
}
