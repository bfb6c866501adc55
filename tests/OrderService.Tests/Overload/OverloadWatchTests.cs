using Microsoft.Extensions.DependencyInjection;
using Seckill.OrderService.Overload;
using Seckill.OrderService.Reservations;

namespace Seckill.OrderService.Tests.Overload;

/// <summary>
/// What the rounds of the controller measure and read, with a clock that says how long work waits for a processor, so that the machine
/// does not. Broken by a wait that is not measured, or does not end; or by buyers whom an instance never learns.
/// </summary>
public sealed class OverloadWatchTests
{
    private static readonly (int, string?) s_busy = (503, "busy");
    private readonly long _user = TestItem.NewId() >> 1;

    [Fact]
    public async Task While_work_waits_for_a_processor_sale_pages_are_shed_and_no_longer()
    {
        var clock = new SteppingClock { Step = TimeSpan.FromMilliseconds(3) };
        await using var storefront = await CrowdedStorefront.StartAsync(clock, ("Overload:TargetCpuWaitMilliseconds", "1"));
        var item = await TestItem.OpenEverywhereAsync();
        await Eventually.IsTrueAsync(
            "a sale page is shed", async () => await storefront.AskAsync(HttpMethod.Get, "/sales", _user) == s_busy);
        Assert.Contains(storefront.Controller.Shed(), shed => shed is { Class: "sale-page", Reason: "cpu-wait", Count: > 0 });
        Assert.Equal(202, (await storefront.ClickAsync(item, _user)).Status);
        clock.Step = TimeSpan.Zero;
        await Eventually.IsTrueAsync(
            "a sale page is served", async () => await storefront.AskAsync(HttpMethod.Get, "/sales", _user) == (200, null));
    }

    [Fact]
    public async Task The_buyers_of_another_instance_are_read_while_half_of_the_limit_is_in_use()
    {
        await using var another = await CrowdedStorefront.StartAsync();
        await using var storefront = await CrowdedStorefront.StartAsync(TimeProvider.System);
        var item = await TestItem.OpenAsync();
        Assert.Equal(202, (await another.ClickAsync(item, _user)).Status);
        storefront.Fill(5);
        // Buyers come here, too, so that the instance knows the item.
        Assert.Equal(202, (await storefront.ClickAsync(item, _user + 1)).Status);
        var lane = storefront.Host.Services.GetRequiredService<ReservationBatcher>().Find(item.Key)!;
        await Eventually.IsTrueAsync("the buyer is known", () => lane.MayBeBuyer(_user));
    }

    /// <summary>The system's clock, whose stopwatch moves by one step each time it is read.</summary>
    private sealed class SteppingClock : TimeProvider
    {
        private long _elapsed;
        private long _step;

        public TimeSpan Step
        {
            get => TimeSpan.FromTicks(Interlocked.Read(ref _step));
            set => Interlocked.Exchange(ref _step, value.Ticks);
        }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Interlocked.Add(ref _elapsed, Interlocked.Read(ref _step));
    }
}
