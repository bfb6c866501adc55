using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Seckill.InventoryService.Dashboard;

/// <summary>Which stores are up or down, and since when.</summary>
internal sealed record Stores(StoreState Redis, StoreState Postgres, StoreState RabbitMq)
{
    public bool AreUp => Redis.IsUp && Postgres.IsUp && RabbitMq is { IsUp: true, Blocked: null };
}

/// <summary>A store.</summary>
/// <param name="Since">When it went up or down, or was blocked.</param>
internal sealed record StoreState(bool IsUp, DateTimeOffset Since)
{
    /// <summary>Why it answers and takes no messages; null when it takes them.</summary>
    public string? Blocked { get; init; }
}

/// <summary>
/// Asks the stores by the checks of readiness. One missing answer is a busy machine; two in a row mean that the store is down. A process
/// that has just started has no connections yet: then none for ten seconds means it.
/// </summary>
internal sealed class StoreWatch(HealthCheckService health, TimeProvider clock)
{
    private const int MissesUntilDown = 2;
    private static readonly TimeSpan s_start = TimeSpan.FromSeconds(10);
    private readonly Watched _redis = new("redis"), _postgres = new("postgres"), _rabbitMq = new("rabbitmq");

    /// <summary>Asks all stores, for a second at most.</summary>
    public async Task<Stores> AskAsync(CancellationToken cancellationToken)
    {
        var report = await health.CheckHealthAsync(check => check.Name is "redis" or "postgres" or "rabbitmq", cancellationToken);
        var now = clock.GetUtcNow();
        return new Stores(_redis.See(report, now), _postgres.See(report, now), _rabbitMq.See(report, now));
    }

    private sealed class Watched(string name)
    {
        private StoreState? _state;
        private DateTimeOffset _firstMiss;
        private bool _hasAnswered;
        private int _misses;

        public StoreState See(HealthReport report, DateTimeOffset now)
        {
            var entry = report.Entries[name];
            var blocked = entry.Data.GetValueOrDefault(StoreHealth.Blocked) as string;
            var answers = entry.Status == HealthStatus.Healthy || blocked is not null;
            _misses = answers ? 0 : _misses + 1;
            _firstMiss = _misses == 1 ? now : _firstMiss;
            _hasAnswered |= answers;
            if (answers)
            {
                return _state = _state is { IsUp: true } && blocked is null == _state.Blocked is null
                    ? _state with { Blocked = blocked } : new StoreState(true, now) { Blocked = blocked };
            }

            var isDown = _hasAnswered ? _misses >= MissesUntilDown : now - _firstMiss >= s_start;
            return _state = isDown && _state is not { IsUp: false }
                ? new StoreState(false, _firstMiss)
                : _state ?? new StoreState(true, now);
        }
    }
}
