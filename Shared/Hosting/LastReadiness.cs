using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Seckill.Shared.Hosting;

/// <summary>
/// The readiness of this process, as it was at most a second ago: every check asks a store, so any client could have the stores asked as
/// often as it likes.
/// </summary>
internal sealed class LastReadiness(HealthCheckService checks, TimeProvider clock)
{
    private static readonly TimeSpan s_age = TimeSpan.FromSeconds(1);
    private readonly Lock _lock = new();
    private Task<HealthReport>? _last;
    private long _askedAt;

    /// <summary>Answers with the status alone.</summary>
    public async Task AnswerAsync(HttpContext http)
    {
        var status = (await ReadAsync()).Status;
        http.Response.StatusCode = status == HealthStatus.Unhealthy ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status200OK;
        await Health.WriteStatusAsync(http, status);
    }

    // Callers that come meanwhile wait for the same answer, and one that gives up does not end it.
    private Task<HealthReport> ReadAsync()
    {
        lock (_lock)
        {
            if (_last is null || (_last.IsCompleted && clock.GetElapsedTime(_askedAt) >= s_age))
            {
                (_askedAt, _last) = (clock.GetTimestamp(), Task.Run(() => checks.CheckHealthAsync()));
            }

            return _last;
        }
    }
}
