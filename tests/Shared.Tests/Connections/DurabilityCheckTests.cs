using System.Collections.Concurrent;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Seckill.Shared.Connections;
using Seckill.Tests.Harness.Processes;
using StackExchange.Redis;

namespace Seckill.Shared.Tests.Connections;

/// <summary>
/// Promise: settings of Redis that lose orders are reported, and a server that hides its settings is "not checked". Broken by a check
/// that ends the process because it may not ask, or that reports the same thing every minute.
/// </summary>
public sealed class DurabilityCheckTests
{
    private const int Weak = 110;
    private const int Refused = 111;
    private const int Hidden = 112;

    [Theory]
    [InlineData("resp2")]
    [InlineData("resp3")]
    public async Task What_is_weaker_than_the_promises_need_is_found(string protocol)
    {
        await using var server = await OwnRedis.StartAsync("--save", "", "--appendonly", "yes", "--maxmemory-policy", "allkeys-lru");
        await using var redis = OwnRedis.Connect($"{server.Address},protocol={protocol}");
        Assert.Equal(
            [("appendfsync", "everysec"), ("maxmemory-policy", "allkeys-lru")],
            (await DurabilityCheck.FindWeakSettingsAsync(redis).InTime()).Select(weak => (weak.Setting, weak.Value)).Order());
    }

    [Fact]
    public async Task Every_primary_is_asked()
    {
        await using var strong = await OwnRedis.StartAsync(
            "--save", "", "--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction");
        await using var weak = await OwnRedis.StartAsync("--save", "", "--appendfsync", "always");
        await using var redis = OwnRedis.Connect($"{strong.Address},{weak.Address}");
        Assert.Equal("appendonly", Assert.Single(await DurabilityCheck.FindWeakSettingsAsync(redis).InTime()).Setting);
    }

    [Theory]
    [InlineData("-config", "")]
    [InlineData("+config", ",$CONFIG=")]
    public async Task A_server_that_hides_its_settings_is_not_checked_and_stops_nothing(string permission, string option)
    {
        await using var server = await OwnRedis.StartAsync("--save", "");
        await server.CommandAsync("acl", "setuser", "shop", "on", ">s3cret", "~*", "&*", "+@all", permission);
        await using var redis = OwnRedis.Connect(server.Address + ",user=shop,password=s3cret" + option);
        Assert.Equal(Hidden, Assert.Single(await EventsAsync(redis, stops: false)));
    }

    [Fact]
    public async Task A_weak_server_stops_a_process_that_refuses_it()
    {
        await using var server = await OwnRedis.StartAsync("--save", "", "--appendonly", "yes", "--appendfsync", "always");
        await server.CommandAsync("config", "set", "maxmemory-policy", "allkeys-lru");
        await using var redis = OwnRedis.Connect(server.Address);
        var exitCode = Environment.ExitCode;
        var events = await EventsAsync(redis, stops: true);
        Assert.Equal([Weak, Refused], events);
        Environment.ExitCode = exitCode;
    }

    /// <summary>The lines of a check that asked several times.</summary>
    private static async Task<int[]> EventsAsync(IConnectionMultiplexer redis, bool stops)
    {
        var (clock, events) = (new HastyClock(), new Events());
        var lifetime = new ApplicationLifetime(NullLogger<ApplicationLifetime>.Instance);
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection([KeyValuePair.Create("Redis:RefuseWeakDurability", (string?)"true")]).Build();
        using var check = new DurabilityCheck(redis, configuration, lifetime, clock, events);
        await check.StartAsync(CancellationToken.None);
        await Eventually.IsTrueAsync("it has asked several times", () => clock.Pauses > 2);
        Assert.False(check.ExecuteTask!.IsCompleted);
        await check.StopAsync(CancellationToken.None).InTime();
        Assert.Equal(stops, lifetime.ApplicationStopping.IsCancellationRequested);
        return [.. events.Ids];
    }

    /// <summary>Lets a minute pass in a moment.</summary>
    private sealed class HastyClock : TimeProvider
    {
        private int _pauses;

        public int Pauses => Volatile.Read(ref _pauses);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Interlocked.Increment(ref _pauses);
            return base.CreateTimer(callback, state, TimeSpan.FromMilliseconds(10), period);
        }
    }

    private sealed class Events : ILogger<DurabilityCheck>
    {
        public ConcurrentQueue<int> Ids { get; } = new();

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Ids.Enqueue(eventId.Id);
    }
}
