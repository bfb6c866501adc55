using Microsoft.Extensions.Diagnostics.HealthChecks;
using Seckill.Shared.Connections;

namespace Seckill.Shared.Tests.Connections;

/// <summary>
/// Promise: a process whose clock is off says so, and only such a process. Broken by an offset that contains the way of the answer, so
/// that a slow store looks like a wrong clock; by one that only looks ahead; and by one that corrects nothing.
/// </summary>
public sealed class StoreClocksTests
{
    private static readonly DateTimeOffset s_noon = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(0, 0)]
    [InlineData(400, 0)]
    [InlineData(1_000, 0)]
    [InlineData(600, 10)]
    [InlineData(600, -10)]
    public void The_store_is_read_half_a_round_trip_after_the_question(int roundTripMs, int secondsAhead)
    {
        var roundTrip = TimeSpan.FromMilliseconds(roundTripMs);
        var answer = s_noon + (roundTrip / 2) - TimeSpan.FromSeconds(secondsAhead);
        Assert.Equal(TimeSpan.FromSeconds(secondsAhead), StoreClocks.OffsetOf(s_noon, roundTrip, answer));
    }

    [Fact]
    public void A_slow_answer_says_nothing() =>
        Assert.Null(StoreClocks.OffsetOf(s_noon, TimeSpan.FromSeconds(30), s_noon.AddSeconds(30)));

    [Theory]
    [InlineData(0, null)]
    [InlineData(4, null)]
    [InlineData(-600, @"^the clock of this process is (599|600)\.\d s ahead of Redis and (599|600)\.\d s ahead of PostgreSQL$")]
    [InlineData(600, @"^the clock of this process is (599|600)\.\d s behind Redis and (599|600)\.\d s behind PostgreSQL$")]
    public async Task Readiness_is_degraded_when_the_process_is_off_and_says_by_how_much(int secondsLate, string? detail)
    {
        using var clocks = new StoreClocks(Servers.Redis, Servers.Orders, new LateClock(secondsLate));
        await clocks.StartAsync(CancellationToken.None);
        HealthCheckResult check = default;
        await Eventually.IsTrueAsync("both clocks are measured", async () => (check = await CheckAsync(clocks)).Data.Count == 2);
        await clocks.StopAsync(CancellationToken.None).InTime();
        Assert.All(check.Data, entry => Assert.InRange((double)entry.Value, -secondsLate - 2, -secondsLate + 2));
        Assert.Equal(detail is null ? HealthStatus.Healthy : HealthStatus.Degraded, check.Status);
        Assert.Matches(detail ?? "^$", check.Description ?? "");
        // A reservation of a minute ago, by the clock that the process is measured with.
        var minute = clocks.SinceRedisTime((await RedisClient.TimeAsync(Servers.Redis.GetServers()[0])).AddMinutes(-1));
        Assert.InRange(minute.TotalSeconds, 58, 62);
        var ahead = clocks.SinceRedisTime((await RedisClient.TimeAsync(Servers.Redis.GetServers()[0])).AddMinutes(1));
        Assert.InRange(ahead.TotalSeconds, 58, 62);
    }

    [Fact]
    public async Task A_store_that_does_not_answer_hides_the_offset_of_no_other()
    {
        await using var nowhere = Npgsql.NpgsqlDataSource.Create("Host=127.0.0.1;Port=1;Timeout=1");
        using var clocks = new StoreClocks(Servers.Redis, nowhere, new LateClock(60));
        await clocks.StartAsync(CancellationToken.None);
        HealthCheckResult check = default;
        await Eventually.IsTrueAsync("the clock of Redis is measured", async () => (check = await CheckAsync(clocks)).Data.Count > 0);
        await clocks.StopAsync(CancellationToken.None).InTime();
        Assert.Equal("redisOffsetSeconds", Assert.Single(check.Data).Key);
        Assert.Equal(HealthStatus.Degraded, check.Status);
    }

    private static Task<HealthCheckResult> CheckAsync(StoreClocks clocks) => clocks.CheckHealthAsync(new HealthCheckContext
    {
        Registration = new HealthCheckRegistration("clock", clocks, HealthStatus.Degraded, []),
    });
}
