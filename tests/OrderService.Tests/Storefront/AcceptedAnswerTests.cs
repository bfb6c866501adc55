using System.Text.Json;
using Seckill.OrderService.Reservations;
using Seckill.OrderService.Storefront;
using Seckill.Shared.Stock;

namespace Seckill.OrderService.Tests.Storefront;

/// <summary>The answer is written by hand; it says what the documented type would.</summary>
public sealed class AcceptedAnswerTests
{
    [Fact]
    public void The_answer_is_the_documented_type()
    {
        for (var i = 1; i <= 3; i++)
        {
            var at = new DateTimeOffset(2030, 1, 2, 3, 4, 5, i, TimeSpan.Zero);
            var result = new ReservationResult(ReserveOutcome.Reserved)
            {
                OrderId = new string('a', OrderId.Length - i), At = at, Terms = new ItemTerms("0000000a", long.MaxValue, "KWD", at, at, i),
            };
            Assert.Equal(
                JsonSerializer.Serialize(
                    new OrderAccepted(
                        result.OrderId, "reserved", long.MaxValue, i, int.MaxValue, long.MaxValue, "KWD", at, at.AddSeconds(i)),
                    StorefrontJson.Default.OrderAccepted),
                System.Text.Encoding.UTF8.GetString(PlaceOrderAnswer.Render(new ItemKey(long.MaxValue, i), int.MaxValue, result)));
        }
    }
}
