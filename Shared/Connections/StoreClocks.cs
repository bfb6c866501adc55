using System.Diagnostics.Metrics;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Seckill.Shared.Hosting;
using Seckill.Shared.Telemetry;

namespace Seckill.Shared.Connections;

/// <summary>
/// Measures how far the clock of this process is from those of Redis and PostgreSQL. Each decides something alone: this process whether
/// tokens and payments are recent, Redis the sale window, PostgreSQL the time to pay. So a wrong clock breaks no rule and is not noticed.
/// </summary>
public sealed class StoreClocks : PeriodicService, IHealthCheck
{
    /// <summary>Name of its check.</summary>
    internal const string CheckName = "clock";

    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_tolerance = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_longestRoundTrip = TimeSpan.FromSeconds(1);
    private readonly Meter _meter = new(Measurements.Name);
    private readonly NpgsqlDataSource _database;
    private readonly StoreClock _redis;
    private readonly StoreClock[] _all;

    /// <summary>Registered once for each process.</summary>
    public StoreClocks(IConnectionMultiplexer redis, NpgsqlDataSource database, TimeProvider clock)
        : base(clock)
    {
        _database = database;
        _redis = new("redis", "Redis", () => MeasureRedisAsync(redis));
        _all = [_redis, new("postgres", "PostgreSQL", MeasurePostgresAsync)];
        _meter.CreateObservableGauge(
            "seckill.clock.offset",
            () => Known().Select(clock => new Measurement<double>(
                clock.Offset.TotalSeconds, new KeyValuePair<string, object?>("store", clock.Store.Name))),
            "s", "The clock of this process minus that of the store.");
    }

    /// <summary>By how much the clock of this process is ahead of that of Redis; zero before the first measurement.</summary>
    public TimeSpan AheadOfRedis => _redis.Last?.Offset ?? TimeSpan.Zero;

    /// <summary>
    /// Time since a moment by the clock of Redis, whatever the clock of this process says. When the clock of Redis was set back since, the
    /// amount: what seems to come from the future is late, and not new.
    /// </summary>
    public TimeSpan SinceRedisTime(DateTimeOffset moment) =>
        (Clock.GetUtcNow() - AheadOfRedis - moment).Duration();

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var data = Known().ToDictionary(
            clock => clock.Store.Name + "OffsetSeconds", object (clock) => Math.Round(clock.Offset.TotalSeconds, 3));
        string[] wrong = [.. Known().Where(clock => clock.Offset.Duration() > s_tolerance).Select(Describe)];
        return Task.FromResult(wrong.Length == 0
            ? HealthCheckResult.Healthy(data: data)
            : new HealthCheckResult(
                context.Registration.FailureStatus, $"the clock of this process is {string.Join(" and ", wrong)}", data: data));
    }

    public override void Dispose()
    {
        _meter.Dispose();
        base.Dispose();
    }

    /// <summary>
    /// The clock of this process minus that of a store, which was read half a round trip after the question. Null when the answer was so
    /// slow that the half says little.
    /// </summary>
    /// <param name="asked">Time of the question, by the clock of this process.</param>
    /// <param name="roundTrip">Time until the answer, by the monotonic clock.</param>
    /// <param name="answer">By the clock of the store.</param>
    internal static TimeSpan? OffsetOf(DateTimeOffset asked, TimeSpan roundTrip, DateTimeOffset answer) =>
        roundTrip > s_longestRoundTrip ? null : asked + (roundTrip / 2) - answer;

    protected override TimeSpan Interval => s_interval;
    protected override bool StartsAtOnce => true;
    protected override Task RunRoundAsync(CancellationToken stoppingToken) => Task.WhenAll(_all.Select(store => store.MeasureAsync()));

    protected override void OnOutage(Exception exception)
    {
        // The store is down, which readiness reports.
    }

    private static string Describe((StoreClock Store, TimeSpan Offset) clock) => string.Create(
        CultureInfo.InvariantCulture,
        $"{clock.Offset.Duration().TotalSeconds:0.0} s {(clock.Offset > TimeSpan.Zero ? "ahead of" : "behind")} {clock.Store.Title}");

    private IEnumerable<(StoreClock Store, TimeSpan Offset)> Known() =>
        from store in _all let last = store.Last where last is not null select (store, last.Offset);

    // Of several primaries the one that differs most: each decides the windows of its own items.
    private async Task<TimeSpan?> MeasureRedisAsync(IConnectionMultiplexer redis) =>
        (await RedisPrimaries.AskAsync(redis, primary => MeasureAsync(() => RedisClient.TimeAsync(primary))))
            .MaxBy(clock => clock.Answer?.Duration()).Answer;

    private async Task<TimeSpan?> MeasurePostgresAsync()
    {
        await using var connection = await _database.OpenConnectionAsync();
        await using var command = new NpgsqlCommand("select clock_timestamp()", connection);
        command.CommandTimeout = (int)s_longestRoundTrip.TotalSeconds;
        return await MeasureAsync(async () => (DateTime)(await command.ExecuteScalarAsync())!);
    }

    private async Task<TimeSpan?> MeasureAsync(Func<Task<DateTimeOffset>> ask)
    {
        var (asked, startedAt) = (Clock.GetUtcNow(), Clock.GetTimestamp());
        var answer = await ask();
        return OffsetOf(asked, Clock.GetElapsedTime(startedAt), answer);
    }

    private sealed class StoreClock(string name, string title, Func<Task<TimeSpan?>> measure)
    {
        private volatile Measured? _last;

        public string Name => name;

        public string Title => title;

        /// <summary>Null while it is not known: an old figure would hide a clock that went wrong since.</summary>
        public Measured? Last => _last;

        public async Task MeasureAsync()
        {
            Measured? measured = null;
            try
            {
                measured = await measure() is { } offset ? new Measured(offset) : null;
            }
            finally
            {
                _last = measured;
            }
        }
    }

    private sealed record Measured(TimeSpan Offset);
}
