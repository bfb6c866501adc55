using Microsoft.Extensions.Time.Testing;
using Seckill.Shared.Security;

namespace Seckill.Shared.Tests.Security;

/// <summary>
/// A ticket stands in an address, and so in logs: it opens one stream, of one buyer, for a minute. Broken by a part of it that the
/// signature does not cover, by an expiry that is not read, or by a key that tokens have, too.
/// </summary>
public sealed class StreamTicketTests
{
    private const string Key = "a-signing-key-of-at-least-32-bytes";
    private const string Order = "000007d1f3a94c5e8b60271d9a4e6c35";
    private const double End = 1_800_000_000;
    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 11, 27, 9, 0, 0, 500, TimeSpan.Zero));
    private readonly StreamTicket _tickets;

    public StreamTicketTests() => _tickets = new StreamTicket([new(Key)], _clock);

    [Theory]
    [InlineData(1)]
    [InlineData(long.MaxValue)]
    public void A_ticket_names_its_user_at_every_instance(long userId)
    {
        var other = new StreamTicket([new(Key)], _clock);
        Assert.True(other.TryVerify(_tickets.Issue(userId, Order, End).Ticket, Order, out var verified, out var end));
        Assert.Equal((userId, End), (verified, end));
    }

    [Fact]
    public void It_expires_after_a_minute_when_it_says()
    {
        var (ticket, expiresAt) = _tickets.Issue(7, Order, End);
        Assert.Equal(_clock.GetUtcNow().AddSeconds(60), expiresAt);
        _clock.Advance(TimeSpan.FromMilliseconds(59_999));
        Assert.True(_tickets.TryVerify(ticket, Order, out _, out _));
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.False(_tickets.TryVerify(ticket, Order, out var userId, out _));
        Assert.Equal(0, userId);
    }

    [Fact]
    public void It_opens_no_other_order() =>
        Assert.False(_tickets.TryVerify(_tickets.Issue(7, Order, End).Ticket, Order.Replace('7', '8'), out _, out _));

    [Fact]
    public void Any_changed_character_breaks_it()
    {
        var ticket = _tickets.Issue(7, Order, End).Ticket;
        for (var i = 0; i < ticket.Length; i++)
        {
            Assert.Equal(1, Alphabet.Count(one => _tickets.TryVerify(ticket[..i] + one + ticket[(i + 1)..], Order, out _, out _)));
        }
    }

    [Fact]
    public void What_is_no_ticket_is_refused()
    {
        var ticket = _tickets.Issue(7, Order, End).Ticket;
        string[] wrong =
        [
            "", "x", ticket[..^1], ticket + "A", ticket + "=", " " + ticket, ticket[..^1] + " ", ticket[..^1] + "é", $"{ticket},{ticket}",
            new string('A', ticket.Length), new string('=', ticket.Length),
            new StreamTicket([new(Key + "!")], _clock).Issue(7, Order, End).Ticket,
            new BuyerToken(Key, _clock).Sign(7, TimeSpan.FromHours(1)),
        ];
        Assert.All(wrong, one => Assert.False(_tickets.TryVerify(one, Order, out _, out _)));
    }

    [Fact]
    public void During_a_rotation_a_ticket_of_either_key_is_accepted()
    {
        var both = new StreamTicket([new(Key + "!"), new(Key)], _clock);
        Assert.True(both.TryVerify(_tickets.Issue(7, Order, End).Ticket, Order, out _, out _));
        Assert.True(new StreamTicket([new(Key + "!")], _clock).TryVerify(both.Issue(7, Order, End).Ticket, Order, out _, out _));
        Assert.False(_tickets.TryVerify(both.Issue(7, Order, End).Ticket, Order, out _, out _));
    }
}
