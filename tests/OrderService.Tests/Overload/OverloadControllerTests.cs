using Seckill.OrderService.Overload;
using Seckill.Shared.Stock;

namespace Seckill.OrderService.Tests.Overload;

/// <summary>
/// Who is shed first, and what the others are told. Broken by a bound that is above that of an earlier class, or by one for those who are
/// never shed.
/// </summary>
public sealed class OverloadControllerTests
{
    private static readonly TimeSpan s_long = TimeSpan.FromMinutes(1);

    private readonly OverloadOptions _options = new()
    {
        TargetCpuWaitMilliseconds = 100,
        MinConcurrency = 20, InitialConcurrency = 100, MaxConcurrency = 1_000, LongestRetryAfterSeconds = 8,
    };

    public static TheoryData<bool, bool> Loads => new() { { false, false }, { true, false }, { false, true }, { true, true } };

    [Theory]
    [MemberData(nameof(Loads))]
    public void Whoever_is_refused_every_later_class_is_refused_too(bool queueIsLate, bool cpuIsLate)
    {
        var controller = new OverloadController(_options);
        for (var clicks = 0; clicks < 300; clicks++)
        {
            controller.Update(_options, queueIsLate ? s_long : default, cpuIsLate ? s_long : default, served: 1);
            var admitted = Enum.GetValues<RequestClass>().Select(controller.Admits).ToList();
            Assert.Equal(admitted.OrderDescending(), admitted);
            Assert.True(controller.Admits(RequestClass.Retry));
            controller.Enter();
        }

        // Nobody waits: then the limit follows the crowd.
        Assert.Equal(!queueIsLate && !cpuIsLate, controller.Admits(RequestClass.NewClick));
        for (var round = 0; round < 100; round++)
        {
            for (; controller.InFlight > controller.Limit; controller.Leave())
            {
            }

            controller.Update(_options, queueIsLate ? s_long : default, cpuIsLate ? s_long : default, served: 1);
        }

        Assert.Equal(!cpuIsLate, controller.Admits(RequestClass.OwnOrder));
    }

    [Fact]
    public void A_sale_page_is_refused_as_soon_as_work_waits_for_a_processor_and_a_click_is_not()
    {
        var controller = new OverloadController(_options);
        Assert.True(controller.Admits(RequestClass.SalePage));
        controller.Update(_options, default, s_long, served: 0);
        Assert.False(controller.Admits(RequestClass.SalePage));
        Assert.True(controller.Admits(RequestClass.NewClick));
        controller.Update(_options, default, default, served: 0);
        Assert.True(controller.Admits(RequestClass.SalePage));
    }

    [Fact]
    public void Who_has_a_pass_has_room_that_new_clicks_leave()
    {
        var controller = new OverloadController(_options);
        var (newClicks, passes) = (0, 0);
        for (; controller.Admits(RequestClass.NewClick); newClicks++)
        {
            controller.Enter();
        }

        for (; controller.Admits(RequestClass.PassHolder); passes++)
        {
            controller.Enter();
        }

        Assert.Equal((90, 10), (newClicks, passes));
        controller.Leave();
        Assert.True(controller.Admits(RequestClass.PassHolder));
        Assert.False(controller.Admits(RequestClass.NewClick));
    }

    [Fact]
    public void Switched_off_it_refuses_nobody_and_counts_on()
    {
        var controller = new OverloadController(_options);
        Enter(controller, 5_000);
        controller.Update(new OverloadOptions { Enabled = false }, s_long, s_long, served: 0);
        Assert.All(Enum.GetValues<RequestClass>(), kind => Assert.True(controller.Admits(kind)));
        Assert.Equal(5_000, controller.InFlight);
        controller.Update(_options, s_long, s_long, served: 0);
        Assert.False(controller.Admits(RequestClass.PassHolder));
    }

    [Fact]
    public void The_more_are_refused_the_longer_they_are_asked_to_wait_and_never_longer_than_the_longest()
    {
        var controller = new OverloadController(_options);
        Assert.Equal(1, controller.RetryAfterSeconds);
        var told = new List<int>();
        foreach (var refused in new[] { 10, 40, 100_000, 0 })
        {
            for (var round = 0; round < 200; round++)
            {
                for (var i = 0; i < refused && i < 1_000; i++)
                {
                    controller.CountShed(RequestClass.NewClick);
                }

                controller.Update(_options, default, default, served: refused > 1_000 ? 0 : 10);
            }

            told.Add(controller.RetryAfterSeconds);
        }

        // As many seconds as come for each that can be served.
        Assert.Equal([2, 5, 8, 1], told);
    }

    [Fact]
    public void What_is_shed_is_counted_by_its_class_and_by_what_waits()
    {
        var controller = new OverloadController(_options);
        controller.CountShed(RequestClass.SalePage);
        controller.Update(_options, s_long, default, served: 0);
        controller.CountShed(RequestClass.NewClick);
        controller.CountShed(RequestClass.NewClick);
        controller.Update(_options, default, s_long, served: 0);
        controller.CountShed(RequestClass.PassHolder);
        Assert.Equal(
            [("new-click", "queue-wait", 2), ("pass-holder", "cpu-wait", 1), ("sale-page", "burst", 1)],
            controller.Shed().Where(shed => shed.Count > 0).Order());
    }

    [Fact]
    public void A_key_is_known_of_its_buyer_and_its_item_alone()
    {
        var (keys, item) = (new KnownKeys(), new ItemKey(1, 2));
        keys.Add(7, item, "click");
        Assert.True(keys.Contains(7, item, "click"));
        // One in some thousands is taken for known.
        Assert.InRange(Enumerable.Range(0, 1_000).Count(other => keys.Contains(8 + other, item, "click")), 0, 10);
        Assert.InRange(Enumerable.Range(0, 1_000).Count(other => keys.Contains(7, new ItemKey(1, 3 + other), "click")), 0, 10);
        Assert.InRange(Enumerable.Range(0, 1_000).Count(other => keys.Contains(7, item, $"click {other}")), 0, 10);
    }

    private static void Enter(OverloadController controller, int clicks)
    {
        for (var i = 0; i < clicks; i++)
        {
            controller.Enter();
        }
    }
}
