using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Time.Testing;
using Seckill.InventoryService.Dashboard;

namespace Seckill.InventoryService.Tests.Dashboard;

/// <summary>
/// The dashboard calls a store down when it does not answer, and not because this process has just started: then each restart on a busy
/// machine would be an incident of three stores.
/// </summary>
public sealed class StoreWatchTests
{
    private readonly FakeTimeProvider _clock = new();
    private readonly StoreWatch _watch;
    private bool _answers;

    public StoreWatchTests()
    {
        var services = new ServiceCollection().AddLogging();
        foreach (var name in (string[])["redis", "postgres", "rabbitmq"])
        {
            services.AddHealthChecks().AddCheck(name, () => _answers ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy());
        }

        _watch = new StoreWatch(services.BuildServiceProvider().GetRequiredService<HealthCheckService>(), _clock);
    }

    [Fact]
    public async Task Two_answers_that_miss_mean_down_and_the_fault_began_with_the_first()
    {
        await SeesAsync(true, answers: true);
        var fault = _clock.GetUtcNow();
        await SeesAsync(true, answers: false);
        Assert.Equal(fault, (await SeesAsync(false, answers: false)).Since);
        await SeesAsync(true, answers: true);
        await SeesAsync(true, answers: false);
    }

    [Fact]
    public async Task A_process_that_has_just_started_waits_ten_seconds_for_its_connections()
    {
        var fault = _clock.GetUtcNow();
        for (var second = 0; second < 10; second++)
        {
            await SeesAsync(true, answers: false);
        }

        Assert.Equal(fault, (await SeesAsync(false, answers: false)).Since);
    }

    private async Task<StoreState> SeesAsync(bool isUp, bool answers)
    {
        _answers = answers;
        var stores = await _watch.AskAsync(CancellationToken.None);
        Assert.Equal(isUp, stores.Redis.IsUp);
        Assert.Equal(stores.Redis, stores.Postgres);
        _clock.Advance(TimeSpan.FromSeconds(1));
        return stores.Redis;
    }
}
