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

    [Fact]
    public void Versions_of_orders_come_out_as_they_went_in_and_a_part_of_the_batch_keeps_its_own()
    {
        StockVersion[] versions = [new(1, 7), new(1, 7), new(1, 8), default, new(2, 8)];
        var batch = Batch("key", null, null, null, null) is var made
            ? made with { Orders = [.. made.Orders.Zip(versions, (order, version) => order with { Version = version })] } : null;
        var json = JsonSerializer.Serialize(batch);
        Assert.Contains("\"Versions\":[[1,7,2],[1,8,1],[0,0,1],[2,8,1]]", json, StringComparison.Ordinal);
        var read = JsonSerializer.Deserialize<OrdersReserved>(json)!;
        Assert.Equal(batch!.Orders, read.Orders);
        Assert.Equal([[1, 8, 1], [0, 0, 1], [2, 8, 1]], (read with { Orders = [.. read.Orders.Skip(2)] }).Versions!);
    }

    /// <summary>During an upgrade, and from a writer that counts otherwise: no order is taken for one of another batch.</summary>
    [Theory]
    [InlineData("")]
    [InlineData(",\"Versions\":null")]
    [InlineData(",\"Versions\":[[1,7,1]]")]
    [InlineData(",\"Versions\":[[1,7,3]]")]
    [InlineData(",\"Versions\":[[1,7],[]]")]
    [InlineData(",\"Versions\":[[1,7,9223372036854775807]]")]
    [InlineData(",\"Versions\":[[1,7,-2]]")]
    public void Versions_that_do_not_fit_the_orders_are_none(string member)
    {
        var without = JsonSerializer.Serialize(Batch(null, null));
        Assert.DoesNotContain("Versions", without, StringComparison.Ordinal);
        var read = JsonSerializer.Deserialize<OrdersReserved>(without[..^1] + member + "}")!;
        Assert.Equal(Batch(null, null).Orders, read.Orders);
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
