using Seckill.OrderService.Identity;

namespace Seckill.OrderService.Tests.Identity;

/// <summary>
/// Promise: a remembered token is exactly the one that was verified, with these keys, and the table never grows. Broken by a token that is
/// taken for another one, which would be a forgery.
/// </summary>
public sealed class RememberedTokenTests
{
    private static readonly VerifiedToken s_seven = new(null, 7, 1_000);
    private readonly RememberedTokens _tokens = new();

    [Fact]
    public void A_token_is_found_again_with_the_same_keys_alone()
    {
        var hash = RememberedTokens.HashOf("a.b.c");
        Assert.Null(_tokens.Find(hash, 1));
        _tokens.Add(hash, s_seven, 1);
        Assert.Equal(s_seven, _tokens.Find(RememberedTokens.HashOf("a.b.c"), 1));
        Assert.Null(_tokens.Find(hash, 2));
        Assert.Null(_tokens.Find(RememberedTokens.HashOf("a.b.d"), 1));
    }

    [Fact]
    public void Tokens_at_one_place_are_not_taken_for_each_other()
    {
        var (first, second) = (RememberedTokens.HashOf("a.b.c"), RememberedTokens.HashOf("a.b.c"));
        second[^1] ^= 1;
        _tokens.Add(first, s_seven, 1);
        Assert.Null(_tokens.Find(second, 1));
        _tokens.Add(second, s_seven with { UserId = 8 }, 1);
        Assert.Equal(8, _tokens.Find(second, 1)!.Value.UserId);
        Assert.Null(_tokens.Find(first, 1));
    }
}
