using System.Buffers;
using System.Text.Json;
using Seckill.OrderService.Reservations;
using Seckill.Shared.Http;
using Seckill.Shared.Stock;

namespace Seckill.OrderService.Storefront;

/// <summary>(4) Writes the body of a 202, in a buffer that each thread keeps.</summary>
/// <param name="pooling">False to measure what the buffers are worth.</param>
internal sealed class AcceptedAnswer(bool pooling)
{
    private static readonly UtcTimeConverter s_time = new();

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? t_body;

    [ThreadStatic]
    private static Utf8JsonWriter? t_json;

    /// <summary>UTF-8 JSON, valid until the next call on the same thread.</summary>
    public ReadOnlySpan<byte> Render(ItemKey item, int quantity, in ReservationResult result)
    {
        var body = pooling ? t_body ??= new ArrayBufferWriter<byte>() : new ArrayBufferWriter<byte>();
        var json = pooling ? t_json ??= new Utf8JsonWriter(body) : new Utf8JsonWriter(body);
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
