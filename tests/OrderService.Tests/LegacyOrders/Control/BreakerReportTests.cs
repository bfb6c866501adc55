using Seckill.Shared.Schema;
using Seckill.Tests.Harness;

namespace Seckill.OrderService.Tests.LegacyOrders.Control;

/// <summary>Operators see why a breaker is open. Broken by a process that reports its state without the cause, or a later start.</summary>
public sealed class BreakerReportTests
{
    [Fact]
    public async Task An_open_breaker_is_reported_with_its_cause_and_since_when()
    {
        await using var both = await TwoDatabases.CreateAsync();
        using var control = both.Control();
        for (var call = 0; call < 3; call++)
        {
            both.Breaker.Failed("it is slow");
        }

        await control.RefreshAsync(CancellationToken.None);
        var open = await DualWriteState.ReadAsync(both.Orders, CancellationToken.None);
        Assert.Equal(("open", "3 of the last 3 calls failed: it is slow"), (open.Breaker, open.BreakerCause));
        var now = await both.InOrdersAsync<DateTime>("select now()");
        Assert.InRange(open.BreakerSince!.Value, now.AddMinutes(-5), now);
        await control.RefreshAsync(CancellationToken.None);
        Assert.Equal(open.BreakerSince, (await DualWriteState.ReadAsync(both.Orders, CancellationToken.None)).BreakerSince);

        await Eventually.IsTrueAsync("a probe may be sent", both.Breaker.TryEnter);
        both.Breaker.Succeeded(0, 0);
        Assert.True(both.Breaker.TryEnter());
        both.Breaker.Succeeded(0, 0);
        await control.RefreshAsync(CancellationToken.None);
        var closed = await DualWriteState.ReadAsync(both.Orders, CancellationToken.None);
        Assert.Equal(("closed", null, null), (closed.Breaker, closed.BreakerCause, closed.BreakerSince));
    }
}
