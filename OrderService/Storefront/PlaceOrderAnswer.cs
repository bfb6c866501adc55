using System.Buffers;
using System.Diagnostics;
using Seckill.OrderService.Reservations;

namespace Seckill.OrderService.Storefront;

/// <summary>(4) The answer to a click: a 202, its body in a buffer that each thread keeps, or the refusal of the outcome.</summary>
internal sealed class PlaceOrderAnswer(WarmItems warm, ReservationMetrics metrics)
{
    private static readonly UtcTimeConverter s_time = new();

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? t_body;

    [ThreadStatic]
    private static Utf8JsonWriter? t_json;

    /// <summary>Writes the answer.</summary>
    public Task WriteAsync(HttpContext http, ItemKey item, int quantity, in ReservationResult result, Activity? trace)
    {
        metrics.Outcomes.Add(1, ReservationMetrics.Outcome(result.Outcome));
        if (result.Outcome is not (ReserveOutcome.Reserved or ReserveOutcome.Replayed))
        {
            return result.Outcome == ReserveOutcome.UnknownItem || result.IsItemGone
                ? RefuseUnknownAsync(http, item) : Refusal(result).ExecuteAsync(http);
        }

        trace?.SetTag(BatchTrace.OrderIdTag, result.OrderId);
        Accept(http.Response, item, quantity, result);
        return Task.CompletedTask;
    }

    /// <summary>Writes a 202. The server sends it when the request ends, so nothing waits for the flush.</summary>
    internal static void Accept(HttpResponse response, ItemKey item, int quantity, in ReservationResult result)
    {
        var body = Render(item, quantity, result);
        response.StatusCode = StatusCodes.Status202Accepted;
        response.ContentType = "application/json";
        response.ContentLength = body.Length;
        response.Headers.Location = "/orders/" + result.OrderId;
        response.BodyWriter.Write(body);
    }

    /// <summary>UTF-8 JSON of an <see cref="OrderAccepted"/>, without boxing one; valid until the next call on the same thread.</summary>
    internal static ReadOnlySpan<byte> Render(ItemKey item, int quantity, in ReservationResult result)
    {
        var body = t_body ??= new ArrayBufferWriter<byte>();
        var json = t_json ??= new Utf8JsonWriter(body);
        body.ResetWrittenCount();
        json.Reset();
        json.WriteStartObject();
        json.WriteString("orderId"u8, result.OrderId);
        json.WriteString("status"u8, "reserved"u8);
        json.WriteNumber("saleId"u8, item.SaleId);
        json.WriteNumber("skuId"u8, item.SkuId);
        json.WriteNumber("quantity"u8, quantity);
        json.WriteNumber("unitPrice"u8, result.Terms!.UnitPrice);
        json.WriteString("currency"u8, result.Terms.Currency);
        json.WritePropertyName("reservedAt"u8);
        s_time.Write(json, result.At, JsonSerializerOptions.Default);
        json.WritePropertyName("payBy"u8);
        s_time.Write(json, ItemTerms.PayBy(result.At, result.Terms.PaymentTimeoutSeconds), JsonSerializerOptions.Default);
        json.WriteEndObject();
        json.Flush();
        return body.WrittenSpan;
    }

    private async Task RefuseUnknownAsync(HttpContext http, ItemKey item) =>
        await (await warm.MayBeLostAsync(item) ? Refusals.Unavailable : Refusals.UnknownItem).ExecuteAsync(http);

    private static Problem Refusal(in ReservationResult result) => result.Outcome switch
    {
        ReserveOutcome.SoldOut => Refusals.SoldOut,
        ReserveOutcome.LimitReached => Refusals.LimitReached(result.OrderIds!),
        ReserveOutcome.OrdersUsedUp => Refusals.OrdersUsedUp(result.OrderIds!),
        ReserveOutcome.CoolingDown => Refusals.CoolingDown(result.CoolsForSeconds),
        ReserveOutcome.PassUsed => Refusals.PassUsed(result.OrderIds!),
        ReserveOutcome.NotOpen => Refusals.SaleNotOpen(result.Terms!.OpensAt, result.At),
        ReserveOutcome.Closed => Refusals.SaleClosed,
        ReserveOutcome.KeyReused => Refusals.KeyReused,
        _ => Refusals.Unavailable,
    };
}
