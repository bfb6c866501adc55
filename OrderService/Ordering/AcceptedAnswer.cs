using System.Buffers;
using System.Text.Json;
using Seckill.OrderService.Reservations;
using Seckill.Shared.Hosting;
using Seckill.Shared.Stock;

namespace Seckill.OrderService.Ordering;

/// <summary>(4) Writes a 202, its body in a buffer that each thread keeps.</summary>
internal static class AcceptedAnswer
{
    private static readonly UtcTimeConverter s_time = new();

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? t_body;

    [ThreadStatic]
    private static Utf8JsonWriter? t_json;

    // The server sends what was written when the request ends; a small body needs no waiting of its own.
    public static void Write(HttpResponse response, ItemKey item, int quantity, in ReservationResult result)
    {
        var body = Render(item, quantity, result);
        response.StatusCode = StatusCodes.Status202Accepted;
        response.ContentType = "application/json";
        response.ContentLength = body.Length;
        response.Headers.Location = "/orders/" + result.OrderId;
        response.BodyWriter.Write(body);
    }

    /// <summary>UTF-8 JSON, valid until the next call on the same thread.</summary>
    public static ReadOnlySpan<byte> Render(ItemKey item, int quantity, in ReservationResult result)
    {
        var body = t_body ??= new ArrayBufferWriter<byte>();
        var json = t_json ??= new Utf8JsonWriter(body);
        body.ResetWrittenCount();
        json.Reset();
        // What serializing an OrderAccepted gives, without boxing it.
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
        json.WriteEndObject();
        json.Flush();
        return body.WrittenSpan;
    }
}
