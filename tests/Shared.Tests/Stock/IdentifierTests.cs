using System.Text;
using Seckill.Shared.Stock;

namespace Seckill.Shared.Tests.Stock;

/// <summary>
/// Order ids, item keys and holds are text in Redis and in other systems. What is read back must be what was written, and a text
/// that somebody else wrote must be refused and never throw.
/// </summary>
public sealed class IdentifierTests
{
    [Fact]
    public void An_order_id_is_the_number_of_its_item_and_24_digits_of_its_own()
    {
        var suffix = NewSuffix();
        var id = OrderId.Join(OrderId.Number(0x2a), suffix);
        Assert.Equal("0000002a" + Encoding.ASCII.GetString(suffix), id);
        Assert.True(OrderId.IsValid(id));
    }

    [Fact]
    public async Task An_order_id_stands_after_those_of_earlier_milliseconds()
    {
        var earlier = Encoding.ASCII.GetString(NewSuffix());
        await Task.Delay(2, TestContext.Current.CancellationToken);
        Assert.True(string.CompareOrdinal(earlier, Encoding.ASCII.GetString(NewSuffix())) < 0);
    }

    [Fact]
    public void Order_ids_of_one_moment_differ() =>
        Assert.Equal(10_000, Enumerable.Range(0, 10_000).Select(_ => Encoding.ASCII.GetString(NewSuffix())).Distinct().Count());

    [Theory]
    [InlineData(0, "00000000")]
    [InlineData(1, "00000001")]
    [InlineData(int.MaxValue, "7fffffff")]
    public void A_number_always_has_eight_digits(int number, string digits) => Assert.Equal(digits, OrderId.Number(number));

    [Fact]
    public void Random_digits_do_not_repeat() =>
        Assert.Equal(10_000, Enumerable.Range(0, 10_000).Select(_ => Encoding.ASCII.GetString(NewSuffix())).Distinct().Count());

    [Theory]
    [InlineData("")]
    [InlineData("0000002a0123456789abcdef0123456")]
    [InlineData("0000002a0123456789abcdef012345678")]
    [InlineData("0000002A0123456789ABCDEF01234567")]
    [InlineData("0000002a0123456789abcdeg01234567")]
    [InlineData("0000002a-0123456789abcdef0123456")]
    [InlineData("0000002a0123456789abcdef0123456 ")]
    [InlineData("0000002a0123456789abcdef0123456\n")]
    [InlineData("٠٠٠٠٠٠٢a0123456789abcdef01234567")]
    public void Whatever_is_not_32_lower_case_hex_digits_is_no_order_id(string text) => Assert.False(OrderId.IsValid(text));

    [Fact]
    public void An_item_key_is_read_as_it_was_written()
    {
        var key = new ItemKey(long.MaxValue, 1);
        Assert.True(ItemKey.TryParse(key.ToString(), out var read));
        Assert.Equal(key, read);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(":")]
    [InlineData("1")]
    [InlineData("1:")]
    [InlineData(":1")]
    [InlineData("1:2:3")]
    [InlineData("-1:2")]
    [InlineData(" 1:2")]
    [InlineData("1:9223372036854775808")]
    [InlineData("a:b")]
    public void Another_text_is_no_item_key(string? text) => Assert.False(ItemKey.TryParse(text, out _));

    [Fact]
    public void A_hold_is_read_as_the_script_writes_it()
    {
        Assert.True(Hold.TryParse("9223372036854775807:3:1893553445007", out var hold));
        Assert.Equal(new Hold(long.MaxValue, 3, DateTimeOffset.FromUnixTimeMilliseconds(1893553445007)), hold);
    }

    [Fact]
    public async Task A_hold_has_the_key_of_its_request_whatever_is_in_it()
    {
        var item = await TestItem.OpenAsync();
        var (keyed, plain) = (await item.ReserveOneAsync(7, key: "a:b:1!~"), await item.ReserveOneAsync(7));
        Assert.Equal("a:b:1!~", (await TestItem.Ledger.FindHoldAsync(item.Keys, keyed))!.Value.Hold.ToOrder(keyed).IdempotencyKey);
        Assert.Null((await TestItem.Ledger.FindHoldAsync(item.Keys, plain))!.Value.Hold.IdempotencyKey);
        await item.AssertConsistentAsync();
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("1:2")]
    [InlineData("1:2:")]
    [InlineData("a:2:3")]
    [InlineData("1:b:3")]
    [InlineData("1:2:c")]
    [InlineData("-1:2:3")]
    [InlineData("1:-2:3")]
    [InlineData("1:2147483648:3")]
    [InlineData("9223372036854775808:2:3")]
    [InlineData("1:2:9223372036854775807")]
    [InlineData("1:2:9223372036854775808")]
    public void Another_text_is_no_hold(string? text) => Assert.False(Hold.TryParse(text, out _));

    private static byte[] NewSuffix()
    {
        var suffix = new byte[OrderId.SuffixLength];
        OrderId.FillSuffix(suffix);
        return suffix;
    }
}
