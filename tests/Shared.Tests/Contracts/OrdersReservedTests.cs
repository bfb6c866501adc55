using System.Text.Json;
using Seckill.Shared.Contracts;

namespace Seckill.Shared.Tests.Contracts;

/// <summary>Orders are written as short arrays, for a message has hundreds of them; what is not one is not guessed at.</summary>
public sealed class OrdersReservedTests
{
    [Theory]
    [InlineData(1, 1, 0)]
    [InlineData(long.MaxValue, int.MaxValue, 4_102_444_800_123)]
    public void An_order_comes_out_as_it_went_in(long user, int quantity, long reservedAt)
    {
        var order = new ReservedOrder(new string('a', 32), user, quantity, DateTimeOffset.FromUnixTimeMilliseconds(reservedAt));
        Assert.Equal(order, JsonSerializer.Deserialize<ReservedOrder>(JsonSerializer.Serialize(order)));
    }

    [Fact]
    public void Keys_of_orders_come_out_as_they_went_in_and_a_part_of_the_batch_keeps_its_own()
    {
        var batch = Batch("first", null, "third");
        var read = JsonSerializer.Deserialize<OrdersReserved>(JsonSerializer.Serialize(batch))!;
        Assert.Equal(batch.Orders, read.Orders);
        Assert.Equal(["third"], (read with { Orders = [.. read.Orders.Skip(2)] }).IdempotencyKeys);
    }

    /// <summary>During an upgrade: a worker of either version reads what an API of the other writes, and finds every order.</summary>
    [Fact]
    public void A_message_without_keys_is_one_of_the_version_before_and_keys_change_nothing_that_it_reads()
    {
        var (without, with) = (JsonSerializer.Serialize(Batch(null, null)), JsonSerializer.Serialize(Batch("key", null)));
        Assert.DoesNotContain("Keys", without, StringComparison.Ordinal);
        Assert.Null(JsonSerializer.Deserialize<OrdersReserved>(without)!.IdempotencyKeys);
        Assert.Equal(without, with.Replace(",\"IdempotencyKeys\":[\"key\",null]", "", StringComparison.Ordinal));
        Assert.Equal(2, JsonSerializer.Deserialize<OrdersReserved>(with.Replace(",null]", "]", StringComparison.Ordinal))!.Orders.Count);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("""["id",1,1]""")]
    [InlineData("""["id",1,1,1,1]""")]
    [InlineData("""[1,1,1,1]""")]
    [InlineData("""["id","1",1,1]""")]
    [InlineData("""["id",1.5,1,1]""")]
    [InlineData("""["id",1,-1,1]""")]
    [InlineData("""["id",1,2147483648,1]""")]
    [InlineData("""["id",1,1,-1]""")]
    [InlineData("""["id",1,1,9223372036854775807]""")]
    [InlineData("""["id",9223372036854775808,1,1]""")]
    public void Anything_else_is_refused(string json) =>
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<ReservedOrder>(json));

    private static OrdersReserved Batch(params string?[] keys) => new(
        1, 2, 4999, "EUR",
        [
            .. keys.Select((key, i) => new ReservedOrder(new string('a', 31) + i, i + 1, 1, DateTimeOffset.UnixEpoch)
            {
                IdempotencyKey = key,
            }),
        ]);
}
