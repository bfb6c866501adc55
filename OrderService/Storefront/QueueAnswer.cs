using System.Buffers;
using Seckill.OrderService.WaitingRoom;

namespace Seckill.OrderService.Storefront;

/// <summary>Writes the answer to a buyer in a waiting room: once for each poll, so into a buffer that each thread keeps.</summary>
internal sealed class QueueAnswer(SalePass passes, TimeProvider clock)
{
    [ThreadStatic]
    private static ArrayBufferWriter<byte>? t_body;

    [ThreadStatic]
    private static Utf8JsonWriter? t_json;

    /// <summary>Writes it. The server sends it when the request ends.</summary>
    public void Write(HttpResponse response, long saleId, long userId, in QueuePlace place)
    {
        var body = t_body ??= new ArrayBufferWriter<byte>();
        var json = t_json ??= new Utf8JsonWriter(body);
        body.ResetWrittenCount();
        json.Reset();
        JsonSerializer.Serialize(json, View(saleId, userId, place), StorefrontJson.Default.QueueView);
        json.Flush();
        response.StatusCode = StatusCodes.Status202Accepted;
        response.ContentType = "application/json";
        response.ContentLength = body.WrittenCount;
        response.Headers.CacheControl = "no-store";
        response.BodyWriter.Write(body.WrittenSpan);
    }

    private QueueView View(long saleId, long userId, in QueuePlace place)
    {
        var (state, reason) = place.Turn switch
        {
            QueueTurn.Registered => ("registered", null),
            QueueTurn.Waiting => ("waiting", null),
            QueueTurn.Admitted => ("admitted", null),
            QueueTurn.SoldOut => ("ended", "sold-out"),
            QueueTurn.SaleClosed => ("ended", "sale-closed"),
            QueueTurn.TurnMissed => ("ended", "turn-missed"),
            QueueTurn.RegistrationClosed => ("ended", "registration-closed"),
            _ => throw new ArgumentOutOfRangeException(nameof(place), place.Turn, null),
        };
        var isAdmitted = place.Turn == QueueTurn.Admitted;
        var expiresAt = DateTimeOffset.FromUnixTimeMilliseconds((clock.GetUtcNow() + place.PassLeft).ToUnixTimeMilliseconds());
        return new(
            state, reason, place.Position >= 0 ? place.Position + 1 : null,
            place.Turn is QueueTurn.Waiting or QueueTurn.Admitted ? place.Ahead : null,
            place.Eta is { } eta ? (int)Math.Min(int.MaxValue, Math.Ceiling(eta.TotalSeconds)) : null,
            place.PollAfterSeconds > 0 ? place.PollAfterSeconds : null,
            isAdmitted ? passes.Issue(userId, saleId, place.TurnBegan, expiresAt) : null, isAdmitted ? expiresAt : null);
    }
}
