using System.Net;
using System.Text.Json;

namespace Seckill.LoadTests.Client;

/// <summary>Reads an answer to <c>POST /orders</c> and notes where it departs from the documented contract.</summary>
public static class OrderAnswerReader
{
    /// <summary>Never throws: an answer that cannot be understood is an unknown outcome with a departure.</summary>
    /// <param name="request">What was asked.</param>
    /// <param name="response">Status and headers.</param>
    /// <param name="body">The whole body.</param>
    public static OrderAnswer Read(OrderRequest request, HttpResponseMessage response, ReadOnlySpan<byte> body)
    {
        try
        {
            return response.StatusCode switch
            {
                HttpStatusCode.Accepted => ReadAccepted(request, response, body),
                >= HttpStatusCode.BadRequest => ReadProblem(response, body),
                _ => Undocumented(response, "no order is answered with this status"),
            };
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException)
        {
            return Undocumented(response, "the body is not the documented JSON");
        }
    }

    private static OrderAnswer ReadAccepted(OrderRequest request, HttpResponseMessage response, ReadOnlySpan<byte> body)
    {
        string? orderId = null;
        var (quantity, sale, sku, price) = (0, 0L, 0L, 0L);
        var (isReserved, isInCurrency, hasTime) = (false, false, false);
        var reader = new Utf8JsonReader(body);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("orderId"u8)) { reader.Read(); orderId = reader.GetString(); }
            else if (reader.ValueTextEquals("quantity"u8)) { reader.Read(); quantity = reader.GetInt32(); }
            else if (reader.ValueTextEquals("saleId"u8)) { reader.Read(); sale = reader.GetInt64(); }
            else if (reader.ValueTextEquals("skuId"u8)) { reader.Read(); sku = reader.GetInt64(); }
            else if (reader.ValueTextEquals("unitPrice"u8)) { reader.Read(); price = reader.GetInt64(); }
            else if (reader.ValueTextEquals("status"u8)) { reader.Read(); isReserved = reader.ValueTextEquals("reserved"u8); }
            else if (reader.ValueTextEquals("currency"u8)) { reader.Read(); isInCurrency = reader.ValueTextEquals(request.Item.Currency); }
            else if (reader.ValueTextEquals("reservedAt"u8)) { reader.Read(); hasTime = reader.TryGetDateTimeOffset(out _); }
            else { reader.Read(); reader.Skip(); }
        }

        if (orderId is not { Length: > 0 })
        {
            return Undocumented(response, "an accepted order without its id");
        }

        var describesTheOrder = quantity == request.Quantity && sale == request.SaleId && sku == request.Item.SkuId
            && price == request.Item.UnitPrice && isReserved && isInCurrency && hasTime;
        var departure = !describesTheOrder ? "the 202 does not describe what was ordered"
            : response.Headers.Location?.OriginalString.EndsWith("/orders/" + orderId, StringComparison.Ordinal) != true
                ? "the 202 has no Location that leads to the order"
                : null;
        return new OrderAnswer(AnswerKind.Accepted, "accepted") { OrderId = orderId, Units = quantity, Departure = departure };
    }

    private static OrderAnswer ReadProblem(HttpResponseMessage response, ReadOnlySpan<byte> body)
    {
        if (response.Content.Headers.ContentType?.MediaType != "application/problem+json")
        {
            return Undocumented(response, "not application/problem+json");
        }

        var code = "";
        List<string>? orders = null;
        var reader = new Utf8JsonReader(body);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("code"u8))
            {
                reader.Read();
                code = RefusalCode.Read(ref reader);
            }
            else if (reader.ValueTextEquals("orderIds"u8))
            {
                orders = [];
                reader.Read();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    orders.Add(reader.GetString() ?? "");
                }
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }

        return RefusalCode.IsDocumented(code, (int)response.StatusCode)
            ? new OrderAnswer(AnswerKind.Refused, code) { NamedOrders = orders ?? [], RetryAfter = response.Headers.RetryAfter?.Delta }
            : Undocumented(response, $"code '{code}'");
    }

    private static OrderAnswer Undocumented(HttpResponseMessage response, string departure)
    {
        var status = (int)response.StatusCode;
        return OrderAnswer.Unknown($"http-{status}", $"{status}: {departure}");
    }
}
