using System.Buffers;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using Seckill.OrderService.Payments;
using Seckill.Shared.Security;
using Seckill.Shared.Stock;

namespace Seckill.OrderService.Tests.Payments;

/// <summary>
/// Promise: money that the provider took either pays its order or is listed for refund, once, however often and in whatever order the
/// provider tells; and nobody but the provider can tell. Over HTTP, because the provider sees nothing else.
/// </summary>
[Collection(AllOrders.Name)]
public sealed class PaymentTests(StoreFixture stores, Shop shop) : IClassFixture<Shop>
{
    private static readonly (HttpStatusCode, string) s_accepted = (HttpStatusCode.OK, "accepted");
    private static readonly (HttpStatusCode, string) s_duplicate = (HttpStatusCode.OK, "duplicate");
    private static readonly (HttpStatusCode, string) s_refund = (HttpStatusCode.OK, "refund");

    /// <summary>What stands for the header, made of a body's right one.</summary>
    private static readonly Dictionary<string, Func<string, string>> s_forgeries = new()
    {
        { "missing", _ => "" },
        { "of another key", body => Shop.Sign(body, "another-signing-key-of-32-characters") },
        { "too old", body => Shop.Sign(body, secondsAgo: 330) },
        { "from the future", body => Shop.Sign(body, secondsAgo: -330) },
        { "of a body that differs in one byte", body => Shop.Sign(body.Replace("EUR", "EUS", StringComparison.Ordinal)) },
        { "of another time", body => Shop.Sign(body, secondsAgo: 100).Split(',')[0] + "," + Shop.Sign(body).Split(',')[1] },
        { "without a time", body => Shop.Sign(body).Split(',')[1] },
        { "without a signature", body => Shop.Sign(body).Split(',')[0] },
        { "with a time that is no number", body => "t=now," + Shop.Sign(body).Split(',')[1] },
        { "with a signature that is too short", body => Shop.Sign(body)[..^2] },
        { "with a signature that is not hex", body => Shop.Sign(body)[..^2] + "zz" },
        { "of another version", body => Shop.Sign(body).Replace("v1=", "v2=", StringComparison.Ordinal) },
        { "several wrong ones", body => Shop.Sign(body)[..^1] + "," + Shop.Sign("").Split(',')[1] },
        { "nonsense", _ => ",=,t=,v1=,,," },
    };

    public static TheoryData<string> Forgeries => [.. s_forgeries.Keys];

    [Theory]
    [MemberData(nameof(Forgeries))]
    public async Task A_call_with_a_signature_that_is_not_the_providers_changes_nothing_and_is_counted(string forgery)
    {
        var reason = forgery switch
        {
            "too old" => "too-old",
            "from the future" => "from-the-future",
            "without a signature" or "of another version" => "unknown",
            "of another key" or "of a body that differs in one byte" or "of another time" or "several wrong ones" => "wrong-signature",
            _ => "malformed",
        };
        var before = await RefusedAsync(reason);
        var order = await PlacedAsync();
        var body = $$"""{"paymentId":"forged-{{order}}","orderId":"{{order}}","amount":4999,"currency":"EUR"}""";
        Assert.Equal((HttpStatusCode.Unauthorized, "unauthenticated"), await shop.TellAsync(body, s_forgeries[forgery](body)));
        Assert.Equal(before + 1, await RefusedAsync(reason));
        Assert.Equal(s_accepted, await shop.TellAsync(body));
    }

    [Fact]
    public async Task While_a_key_is_exchanged_one_of_several_signatures_is_enough()
    {
        var order = await PlacedAsync();
        var body = $$"""{"paymentId":"{{order}}","orderId":"{{order}}","amount":4999,"currency":"EUR"}""";
        var (old, ours) = (Shop.Sign(body, "the-key-before-this-one-32-characters"), Shop.Sign(body, secondsAgo: 60));
        Assert.Equal(s_accepted, await shop.TellAsync(body, $"{ours.Split(',')[0]},{old.Split(',')[1]},{ours.Split(',')[1]}"));
    }

    [Theory]
    [InlineData(300, SignatureOutcome.Valid)]
    [InlineData(-300, SignatureOutcome.Valid)]
    [InlineData(301, SignatureOutcome.TooOld)]
    [InlineData(-301, SignatureOutcome.FromTheFuture)]
    public void The_tolerance_is_five_minutes_on_both_sides(int secondsAgo, SignatureOutcome outcome)
    {
        var clock = new FakeTimeProvider();
        var signature = new PaymentSignature(DevelopmentKeys.Payment, clock);
        var body = Encoding.UTF8.GetBytes("{}");
        var time = clock.GetUtcNow().ToUnixTimeSeconds() - secondsAgo;
        var hash = HMACSHA256.HashData(Encoding.UTF8.GetBytes(DevelopmentKeys.Payment), Encoding.UTF8.GetBytes($"{time}.{{}}"));
        // In two pieces, as a body may arrive.
        var first = new Piece(body.AsMemory(0, 1), null);
        var pieces = new ReadOnlySequence<byte>(first, 0, new Piece(body.AsMemory(1), first), 1);
        Assert.Equal(outcome, signature.Check($"t={time},v1={Convert.ToHexString(hash)}", pieces));
        // What is not the provider's says nothing about clocks.
        Assert.Equal(SignatureOutcome.WrongSignature, signature.Check($"t={time},v1={new string('0', 64)}", pieces));
    }

    [Theory]
    [InlineData("", 400, "invalid-request")]
    [InlineData("payment", 400, "invalid-request")]
    [InlineData("[]", 400, "invalid-request")]
    [InlineData("{}", 400, "invalid-request")]
    [InlineData("""{"paymentId":"p","orderId":"o","amount":4999,"amount":1,"currency":"EUR"}""", 400, "invalid-request")]
    [InlineData("""{"paymentId":"p","orderId":"o","amount":-4999,"currency":"EUR"}""", 400, "invalid-request")]
    [InlineData("""{"paymentId":"p","orderId":"o","amount":0,"currency":"EUR"}""", 400, "invalid-request")]
    [InlineData("""{"paymentId":"p","orderId":"o","amount":49.99,"currency":"EUR"}""", 400, "invalid-request")]
    [InlineData("""{"paymentId":"p","orderId":"o","amount":"4999","currency":"EUR"}""", 400, "invalid-request")]
    [InlineData("""{"paymentId":"p","orderId":"o","amount":9223372036854775808,"currency":"EUR"}""", 400, "invalid-request")]
    [InlineData("""{"paymentId":"p","orderId":"o","amount":4999,"currency":"eur"}""", 400, "invalid-request")]
    [InlineData("""{"paymentId":"p","orderId":"o","amount":4999}""", 400, "invalid-request")]
    [InlineData("""{"paymentId":"","orderId":"o","amount":4999,"currency":"EUR"}""", 400, "invalid-request")]
    [InlineData("""{"paymentId":"p\u0000","orderId":"o","amount":4999,"currency":"EUR"}""", 400, "invalid-request")]
    [InlineData("""{"paymentId":"p","orderId":"o o","amount":4999,"currency":"EUR"}""", 400, "invalid-request")]
    [InlineData("a long one", 413, "too-large")]
    public async Task A_signed_call_that_says_nothing_clear_is_refused(string body, int status, string code)
    {
        body = body == "a long one" ? "{\"paymentId\":\"" + new string('p', 4096) + "\"}" : body;
        Assert.Equal(((HttpStatusCode)status, code), await shop.TellAsync(body));
    }

    // Broken by a strictness that is right for buyers, and stops every payment on the day the provider adds a member.
    [Theory]
    [InlineData("\"fee\":1")]
    [InlineData("\"Amount\":1,\"fee\":{\"a\":[[[[[[[[[[[[]]]]]]]]]]]]},\"note\":null")]
    public async Task A_member_that_the_provider_adds_is_ignored(string added)
    {
        var order = await PlacedAsync();
        Assert.Equal(s_accepted, await shop.TellAsync(
            $$"""{{{added}},"paymentId":"{{order}}","orderId":"{{order}}","amount":4999,"currency":"EUR"}"""));
    }

    [Theory]
    [InlineData("\"fee\":1,\"fee\":2")]
    [InlineData("\"fee\":{\"a\":1,\"a\":2}")]
    public async Task A_member_that_occurs_twice_is_refused_also_when_it_is_ignored(string added)
    {
        var order = await PlacedAsync();
        Assert.Equal((HttpStatusCode.BadRequest, "invalid-request"), await shop.TellAsync(
            $$"""{{{added}},"paymentId":"{{order}}","orderId":"{{order}}","amount":4999,"currency":"EUR"}"""));
    }

    [Fact]
    public async Task A_call_that_is_not_JSON_is_refused()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/payments");
        request.Content = new StringContent("paymentId=1", Encoding.UTF8, "application/x-www-form-urlencoded");
        request.Headers.Add("X-Signature", Shop.Sign("paymentId=1"));
        using var response = await shop.Api.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, response.StatusCode);
    }

    [Fact]
    public async Task A_payment_that_is_told_many_times_at_once_pays_once()
    {
        var order = await PlacedAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => shop.PayAsync(order, order)));
        Assert.Equal([s_accepted, .. Enumerable.Repeat(s_duplicate, 15)], answers.Order());
        Assert.Equal((HttpStatusCode.OK, "paid"), await shop.AskAsync(1, "GET", "/orders/" + order));
        Assert.Empty(await shop.RefundsAsync(order));
    }

    [Theory]
    [InlineData("already-paid")]
    [InlineData("cancelled")]
    [InlineData("expired")]
    [InlineData("rejected")]
    [InlineData("wrong-amount")]
    [InlineData("wrong-currency")]
    [InlineData("unknown-order")]
    [InlineData("not-an-order-id")]
    public async Task Money_that_cannot_be_used_is_listed_for_refund_once(string why)
    {
        var (order, payment) = (await PlacedAsync(), "late-" + Guid.NewGuid().ToString("N"));
        var (amount, currency) = (why == "wrong-amount" ? TestSale.Price - 1 : TestSale.Price, why == "wrong-currency" ? "USD" : "EUR");
        switch (why)
        {
            case "already-paid":
                Assert.Equal(s_accepted, await shop.PayAsync(order, "first-" + order));
                break;
            case "cancelled":
                await shop.CancelAsync(order, 1);
                break;
            case "expired" or "rejected":
                await using (var command = stores.Database.CreateCommand($"update orders set status = '{why}' where order_id = '{order}'"))
                {
                    await command.ExecuteNonQueryAsync();
                }

                break;
            case "unknown-order":
                order = Guid.NewGuid().ToString("N");
                break;
            case "not-an-order-id":
                order = "shop-4711-" + order[^4..];
                break;
        }

        Assert.Equal(s_refund, await shop.PayAsync(order, payment, amount, currency));
        var repeated = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => shop.PayAsync(order, payment, amount, currency)));
        Assert.All(repeated, answer => Assert.Equal(s_duplicate, answer));
        var reason = why switch { "wrong-currency" => "wrong-amount", "not-an-order-id" => "unknown-order", _ => why };
        Assert.Equal([(payment, reason)], await shop.RefundsAsync(order));
        if (why.StartsWith("wrong", StringComparison.Ordinal))
        {
            Assert.Equal(s_accepted, await shop.PayAsync(order, "right-" + payment));
        }
    }

    [Theory]
    [InlineData("another amount")]
    [InlineData("another currency")]
    [InlineData("another order")]
    public async Task A_payment_id_that_names_two_payments_is_refused_aloud(string difference)
    {
        var (order, other) = (await PlacedAsync(), await PlacedAsync());
        Assert.Equal(s_accepted, await shop.PayAsync(order, order));
        Assert.Equal(
            (HttpStatusCode.UnprocessableEntity, "payment-id-reused"),
            await shop.PayAsync(
                difference == "another order" ? other : order, order,
                difference == "another amount" ? 1 : TestSale.Price, difference == "another currency" ? "USD" : "EUR"));
        Assert.Empty(await shop.RefundsAsync(order));
        Assert.Equal((HttpStatusCode.OK, "placed"), await shop.AskAsync(1, "GET", "/orders/" + other));
    }

    [Fact]
    public async Task A_payment_that_comes_before_its_order_has_a_row_is_kept()
    {
        var sale = await TestSale.OpenAsync(stores);
        var order = await sale.ReserveAsync(1);
        Assert.Equal((HttpStatusCode.OK, "reserved"), await shop.AskAsync(1, "GET", "/orders/" + order.OrderId));
        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(i => shop.PayAsync(order.OrderId, $"{order.OrderId}-{i % 2}")));
        Assert.Equal([s_accepted, s_duplicate, s_duplicate, s_refund], answers.Order());
        Assert.Equal((HttpStatusCode.OK, "paid"), await shop.AskAsync(1, "GET", "/orders/" + order.OrderId));
        // The worker comes back, with the message.
        await sale.ConsumeAsync(order);
        Assert.Equal("paid", (await sale.StatusesAsync())[order.OrderId]);
        Assert.Single(await shop.RefundsAsync(order.OrderId), refund => refund.Reason == "already-paid");
        await sale.AssertConservedAsync(100);
    }

    private async Task<long> RefusedAsync(string reason)
    {
        var page = await shop.Api.Client.GetStringAsync(new Uri("/metrics", UriKind.Relative));
        var sample = page.Split('\n').Single(line =>
            line.StartsWith($"seckill_payments_refused_total{{reason=\"{reason}\"}}", StringComparison.Ordinal));
        return long.Parse(sample[(sample.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture);
    }

    private async Task<string> PlacedAsync()
    {
        var sale = await TestSale.OpenAsync(stores);
        return (await sale.PlaceManyAsync(1))[0].OrderId;
    }

    private sealed class Piece : ReadOnlySequenceSegment<byte>
    {
        public Piece(ReadOnlyMemory<byte> bytes, Piece? before)
        {
            Memory = bytes;
            if (before is not null)
            {
                RunningIndex = before.RunningIndex + before.Memory.Length;
                before.Next = this;
            }
        }
    }
}
