using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Time.Testing;
using Seckill.Shared.Hosting;

namespace Seckill.Shared.Tests.Hosting;

/// <summary>
/// Promise: however many clients ask whether a process is ready, its stores are asked once a second. Broken by an answer that is made for
/// each caller, by one that is kept for longer, and by a caller that gives up and takes the answer of the others along.
/// </summary>
public sealed class LastReadinessTests
{
    private readonly FakeTimeProvider _clock = new();

    [Fact]
    public async Task Stores_are_asked_once_a_second_whatever_the_number_of_callers()
    {
        var stores = new CountedChecks();
        var readiness = new LastReadiness(stores, _clock);
        for (var i = 0; i < 100; i++)
        {
            Assert.Equal((200, "{\"status\":\"healthy\"}"), await AskAsync(readiness));
        }

        Assert.Equal(1, stores.Asked);
        _clock.Advance(TimeSpan.FromSeconds(1));
        stores.Status = HealthStatus.Unhealthy;
        Assert.Equal((503, "{\"status\":\"unhealthy\"}"), await AskAsync(readiness));
        stores.Status = HealthStatus.Degraded;
        _clock.Advance(TimeSpan.FromMilliseconds(999));
        Assert.Equal((503, "{\"status\":\"unhealthy\"}"), await AskAsync(readiness));
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal((200, "{\"status\":\"degraded\"}"), await AskAsync(readiness));
        Assert.Equal(3, stores.Asked);
    }

    [Fact]
    public async Task Callers_that_come_while_the_stores_are_asked_wait_for_the_same_answer()
    {
        var stores = new CountedChecks { Hold = new(TaskCreationOptions.RunContinuationsAsynchronously) };
        var readiness = new LastReadiness(stores, _clock);
        var callers = Enumerable.Range(0, 20).Select(_ => AskAsync(readiness)).ToList();
        _clock.Advance(TimeSpan.FromSeconds(5));
        callers.Add(AskAsync(readiness));
        stores.Hold.SetResult();
        Assert.All(await Task.WhenAll(callers), answer => Assert.Equal(200, answer.Status));
        Assert.Equal(1, stores.Asked);
    }

    private static async Task<(int Status, string Body)> AskAsync(LastReadiness readiness)
    {
        var http = new DefaultHttpContext();
        using var body = new MemoryStream();
        http.Response.Body = body;
        await readiness.AnswerAsync(http);
        return (http.Response.StatusCode, System.Text.Encoding.UTF8.GetString(body.ToArray()));
    }

    private sealed class CountedChecks : HealthCheckService
    {
        private int _asked;

        public int Asked => _asked;

        public HealthStatus Status { get; set; } = HealthStatus.Healthy;

        public TaskCompletionSource? Hold { get; init; }

        public override async Task<HealthReport> CheckHealthAsync(
            Func<HealthCheckRegistration, bool>? predicate, CancellationToken cancellationToken = default)
        {
            Interlocked.Increment(ref _asked);
            await (Hold?.Task ?? Task.CompletedTask);
            return new HealthReport(new Dictionary<string, HealthReportEntry>(), Status, TimeSpan.Zero);
        }
    }
}
