using MassTransit;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using RabbitMQ.Client.Exceptions;

namespace Seckill.OrderService.Orders;

/// <summary>
/// Reports a queue that exists at the broker with other arguments, left by another version. While it exists, the broker refuses this
/// version's queue, and MassTransit only retries.
/// </summary>
internal sealed partial class QueueCheck(TimeProvider clock, ILogger<QueueCheck> logger) : IReceiveEndpointObserver, IHealthCheck
{
    // reply-code 406, PRECONDITION_FAILED
    private const int Refused = 406;
    private const string Remedy =
        "stop the workers, delete the queue at the broker, start the workers: its orders are in the Redis outbox and are published again";

    private volatile string? _problem = "is not consumed yet";
    private long _lastReport = clock.GetTimestamp();

    /// <summary>How long the queue has not been consumed without a report of a failed attempt; zero while it is consumed.</summary>
    public TimeSpan Silence => _problem is null ? TimeSpan.Zero : clock.GetElapsedTime(Volatile.Read(ref _lastReport));

    /// <summary>Begins the silence again, for a consumer that starts again.</summary>
    public void ExpectReport() => Volatile.Write(ref _lastReport, clock.GetTimestamp());

    /// <summary>The endpoint that consumes the queue; null before its first attempt.</summary>
    public IReceiveEndpoint? Endpoint { get; private set; }

    public Task Ready(ReceiveEndpointReady ready)
    {
        (_problem, Endpoint) = (null, ready.ReceiveEndpoint);
        return Task.CompletedTask;
    }

    public Task Faulted(ReceiveEndpointFaulted faulted)
    {
        ExpectReport();
        Endpoint = faulted.ReceiveEndpoint;
        var refusal = Causes(faulted.Exception).OfType<OperationInterruptedException>().Select(cause => cause.ShutdownReason)
            .FirstOrDefault(reason => reason?.ReplyCode == Refused)?.ReplyText;
        var problem = refusal is null
            ? $"cannot be consumed: {faulted.Exception?.Message}" : $"is refused by the broker ({refusal}); {Remedy}";
        if (Interlocked.Exchange(ref _problem, problem) != problem && refusal is not null)
        {
            LogRefused(OrdersReservedPublisher.QueueName, refusal, Remedy);
        }

        return Task.CompletedTask;
    }

    public Task Stopping(ReceiveEndpointStopping stopping) => Task.CompletedTask;

    public Task Completed(ReceiveEndpointCompleted completed) => Task.CompletedTask;

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(_problem is { } problem
            ? new HealthCheckResult(context.Registration.FailureStatus, $"queue {OrdersReservedPublisher.QueueName} {problem}")
            : HealthCheckResult.Healthy());

    private static IEnumerable<Exception> Causes(Exception? exception)
    {
        for (; exception is not null; exception = exception.InnerException)
        {
            yield return exception;
        }
    }

    [LoggerMessage(301, LogLevel.Error, "The broker refuses queue {Queue}: {Reason}. Remedy: {Remedy}")]
    private partial void LogRefused(string queue, string reason, string remedy);
}
