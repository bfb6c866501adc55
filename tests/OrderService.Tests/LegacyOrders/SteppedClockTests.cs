using Seckill.Shared.Schema;

namespace Seckill.OrderService.Tests.LegacyOrders;

/// <summary>
/// Promise: rows from before PostgreSQL's clock was set back count as old, so that nothing is hidden until the clock has caught up. Broken
/// by each comparison that takes a time in the future for a recent one: a dead process' breaker, the age of the backlog, a young order.
/// </summary>
public sealed class SteppedClockTests
{
    [Fact]
    public async Task The_breaker_of_a_process_that_died_before_the_clock_was_set_back_says_nothing()
    {
        await using var both = await TwoDatabases.CreateAsync();
        await both.InOrdersAsync("insert into legacy_breakers values ('gone', 'open', now() + interval '10 seconds')");
        await both.InOrdersAsync("insert into legacy_breakers values ('long gone', 'open', now() + interval '1 hour')");
        using var control = both.Control();
        await control.RefreshAsync(CancellationToken.None);
        Assert.False(control.Current.OtherBreakerIsOpen);
        Assert.Equal(0, await both.InOrdersAsync<int>("select count(*)::int from legacy_breakers where process = 'long gone'"));
    }

    [Fact]
    public async Task A_change_from_before_the_clock_was_set_back_shows_in_the_lag()
    {
        await using var both = await TwoDatabases.CreateAsync();
        await both.PlaceAsync(1);
        await both.InOrdersAsync("update legacy_outbox set created_at = now() + interval '1 hour'");
        var state = await DualWriteState.ReadAsync(both.Orders, CancellationToken.None);
        Assert.InRange(state.LagSeconds, 3_500, 3_600);
    }

    [Fact]
    public async Task A_difference_in_an_order_from_before_the_clock_was_set_back_is_no_lag()
    {
        await using var both = await TwoDatabases.CreateAsync();
        both.Options.LaggingSeconds = 10;
        var ids = await both.PlaceAsync(2);
        await both.DrainAsync();
        await both.InLegacyAsync("delete from t_order");
        await both.InOrdersAsync("update orders set placed_at = now() + interval '1 hour' where order_id = @id", new { id = ids[0] });
        await both.RoundAsync();
        Assert.Equal([(ids[0], "missing", "")], await both.OpenAsync());
    }
}
