using System.Text.Json;
using System.Text.Json.Serialization;

namespace Seckill.Shared.Contracts;

/// <summary>(5) Orders of one sale item that are reserved and not yet in PostgreSQL. May be delivered any number of times.</summary>
/// <param name="UnitPrice">The price in the 202 answers, minor units of <paramref name="Currency"/>.</param>
/// <param name="Currency">ISO 4217 code.</param>
/// <param name="Orders">At least one.</param>
public sealed record OrdersReserved(long SaleId, long SkuId, long UnitPrice, string Currency, IReadOnlyList<ReservedOrder> Orders)
{
    /// <summary>
    /// In JSON the idempotency keys of the orders, in their order; missing when no order has one. Not in the array of an order: workers of
    /// an older version refuse a fifth element, and ignore this member.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string?>? IdempotencyKeys
    {
        get => Orders.Any(order => order.IdempotencyKey is not null) ? [.. Orders.Select(order => order.IdempotencyKey)] : null;
        init => Orders = value is null
            ? Orders : [.. Orders.Select((order, i) => order with { IdempotencyKey = value.ElementAtOrDefault(i) })];
    }

    /// <summary>
    /// In JSON the versions of the orders, in their order, as runs: epoch, seq, number of orders. Missing when no order has one. Workers of
    /// an older version ignore it.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<long[]>? Versions
    {
        get
        {
            var runs = new List<long[]>();
            foreach (var order in Orders)
            {
                var (epoch, seq) = order.Version;
                if (runs is [.., [var lastEpoch, var lastSeq, _] last] && (lastEpoch, lastSeq) == (epoch, seq))
                {
                    last[2]++;
                }
                else
                {
                    runs.Add([epoch, seq, 1]);
                }
            }

            return runs.Exists(run => run[1] > 0) ? runs : null;
        }

        init
        {
            List<StockVersion> versions =
            [
                .. (value ?? []).Where(run => run is [_, _, > 0 and <= int.MaxValue])
                    .SelectMany(run => Enumerable.Repeat(new StockVersion((int)run[0], run[1]), (int)run[2])).Take(Orders.Count + 1),
            ];
            Orders = versions.Count == Orders.Count
                ? [.. Orders.Zip(versions, (order, version) => order with { Version = version })] : Orders;
        }
    }
}

/// <summary>One of them. In JSON an array of these four, the time in unix milliseconds: a message has hundreds of them.</summary>
/// <param name="OrderId">32 hex digits.</param>
/// <param name="ReservedAt">Redis time.</param>
[JsonConverter(typeof(ReservedOrderConverter))]
public readonly record struct ReservedOrder(string OrderId, long UserId, int Quantity, DateTimeOffset ReservedAt)
{
    /// <summary>Of the request, if it had one. In JSON see <see cref="OrdersReserved.IdempotencyKeys"/>.</summary>
    public string? IdempotencyKey { get; init; }

    /// <summary>Of the stock after its reservation, if it is known. In JSON see <see cref="OrdersReserved.Versions"/>.</summary>
    public StockVersion Version { get; init; }
}

internal sealed class ReservedOrderConverter : JsonConverter<ReservedOrder>
{
    private static readonly long s_lastMillisecond = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    public override ReservedOrder Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        Expect(reader.TokenType == JsonTokenType.StartArray);
        Expect(reader.Read() && reader.TokenType == JsonTokenType.String);
        var orderId = reader.GetString()!;
        var (userId, quantity, reservedAt) = (ReadInteger(ref reader), ReadInteger(ref reader), ReadInteger(ref reader));
        Expect(quantity is >= 0 and <= int.MaxValue && reservedAt >= 0 && reservedAt <= s_lastMillisecond);
        Expect(reader.Read() && reader.TokenType == JsonTokenType.EndArray);
        return new ReservedOrder(orderId, userId, (int)quantity, DateTimeOffset.FromUnixTimeMilliseconds(reservedAt));
    }

    public override void Write(Utf8JsonWriter writer, ReservedOrder value, JsonSerializerOptions options)
    {
        writer.WriteStartArray();
        writer.WriteStringValue(value.OrderId);
        writer.WriteNumberValue(value.UserId);
        writer.WriteNumberValue(value.Quantity);
        writer.WriteNumberValue(value.ReservedAt.ToUnixTimeMilliseconds());
        writer.WriteEndArray();
    }

    private static long ReadInteger(ref Utf8JsonReader reader)
    {
        var value = 0L;
        Expect(reader.Read() && reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out value));
        return value;
    }

    private static void Expect(bool holds)
    {
        if (!holds)
        {
            throw new JsonException("An order is an array of its id, user, quantity and time.");
        }
    }
}
