using Microsoft.Extensions.Time.Testing;
using Seckill.Shared.Security;

namespace Seckill.Shared.Tests.Security;

/// <summary>
/// A pass opens one sale for one buyer until it expires, at every instance, also during a rotation of keys. Broken by a part of it that the
/// signature does not cover: its buyer could write another time into it.
/// </summary>
public sealed class SalePassTests
{
    private const string Key = "a-signing-key-of-at-least-32-bytes";
    private const string Next = "the-next-key-of-at-least-32-bytes!";
    private const long Turn = 1_795_770_000_000;
    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 11, 27, 9, 0, 0, 500, TimeSpan.Zero));
    private readonly SalePass _passes;

    public SalePassTests() => _passes = new SalePass([Key], _clock);

    [Fact]
    public void A_pass_opens_its_sale_for_its_buyer_and_names_the_turn_at_every_instance()
    {
        Assert.Equal((SalePassState.Valid, Turn), Check(Pass(), 7, 1, new SalePass([Key], _clock)));
        Assert.Equal((SalePassState.None, 0L), Check(Pass(), 8, 1));
        Assert.Equal((SalePassState.None, 0L), Check(Pass(), 7, 2));
        Assert.Equal((SalePassState.None, 0L), Check(null, 7, 1));
    }

    [Fact]
    public void It_expires_to_the_millisecond()
    {
        var pass = Pass();
        _clock.Advance(TimeSpan.FromMilliseconds(59_999));
        Assert.Equal((SalePassState.Valid, Turn), Check(pass, 7, 1));
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal((SalePassState.Expired, Turn), Check(pass, 7, 1));
    }

    [Fact]
    public void No_character_of_it_may_be_another()
    {
        var pass = Pass();
        for (var at = 0; at < pass.Length; at++)
        {
            var other = Alphabet[(Alphabet.IndexOf(pass[at], StringComparison.Ordinal) + 1) % Alphabet.Length];
            Assert.Equal(SalePassState.None, Check(pass[..at] + other + pass[(at + 1)..], 7, 1).State);
        }

        Assert.Equal(SalePassState.None, Check(pass[..^1], 7, 1).State);
        Assert.Equal(SalePassState.None, Check(pass + "A", 7, 1).State);
    }

    [Fact]
    public void During_a_rotation_the_passes_of_both_keys_are_valid()
    {
        var (before, both) = (Pass(), new SalePass([Next, Key], _clock));
        Assert.Equal(SalePassState.Valid, Check(before, 7, 1, both).State);
        var after = both.Issue(7, 1, Turn, _clock.GetUtcNow().AddMinutes(1));
        Assert.Equal(SalePassState.None, Check(after, 7, 1).State);
        Assert.Equal(SalePassState.Valid, Check(after, 7, 1, new SalePass([Next], _clock)).State);
        Assert.Equal(SalePassState.None, Check(before, 7, 1, new SalePass([Next], _clock)).State);
    }

    private string Pass() => _passes.Issue(7, 1, Turn, _clock.GetUtcNow().AddMinutes(1));

    private (SalePassState State, long Turn) Check(string? pass, long userId, long saleId, SalePass? at = null) =>
        ((at ?? _passes).Check(pass, userId, saleId, out var turn), turn);
}
