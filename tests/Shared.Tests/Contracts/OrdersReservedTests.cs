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
}
