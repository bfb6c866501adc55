using Seckill.Shared.Stock;

namespace Seckill.Shared.Tests.Stock;

/// <summary>The scripts compare the text of a state, so the mapping must be theirs, and complete.</summary>
public sealed class ItemStateTests
{
    [Theory]
    [InlineData(ItemState.Open, "open")]
    [InlineData(ItemState.Closed, "closed")]
    [InlineData(ItemState.Lost, "lost")]
    public void A_state_has_one_text_in_redis(ItemState state, string text)
    {
        Assert.Equal(text, state.Text());
        Assert.Equal(state, ItemStates.Parse(text));
    }

    [Fact]
    public void Every_state_has_a_text() => Assert.All(Enum.GetValues<ItemState>(), state => ItemStates.Parse(state.Text()));

    [Fact]
    public void Another_text_is_no_state() => Assert.Throws<FormatException>(() => ItemStates.Parse("Open"));
}
