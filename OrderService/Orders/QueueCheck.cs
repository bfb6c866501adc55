using MassTransit;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using RabbitMQ.Client.Exceptions;

namespace Seckill.OrderService.Orders;

/// <summary>
/// Reports a queue that exists at the broker with other arguments, left by another version. While it exists, the broker refuses this
/// version's queue, and MassTransit only retries.
/// </summary>
internal sealed partial class QueueCheck(ILogger<QueueCheck> logger) : IReceiveEndpointObserver, IHealthCheck
{
    // reply-code 406, PRECONDITION_FAILED
    private const int Refused = 406;
    private const string Remedy =
        "stop the workers, delete the queue at the broker, start the workers: its orders are in the Redis outbox and are published again";

    private volatile string? _refusal;

    /// <summary>The endpoint that consumes the queue; null before it was ready for the first time.</summary>
    public IReceiveEndpoint? Endpoint { get; private set; }

    public Task Ready(ReceiveEndpointReady ready)
    {
        (_refusal, Endpoint) = (null, ready.ReceiveEndpoint);
        return Task.CompletedTask;
    }

    public Task Faulted(ReceiveEndpointFaulted faulted)
    {
        for (Exception? cause = faulted.Exception; cause is not null; cause = cause.InnerException)
        {
            if (cause is OperationInterruptedException { ShutdownReason: { ReplyCode: Refused, ReplyText: var reason } }
                && Interlocked.Exchange(ref _refusal, reason) != reason)
            {
                LogRefused(OrdersReservedPublisher.QueueName, reason, Remedy);
            }
        }

        return Task.CompletedTask;
    }

    public Task Stopping(ReceiveEndpointStopping stopping) => Task.CompletedTask;

    public Task Completed(ReceiveEndpointCompleted completed) => Task.CompletedTask;

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(_refusal is { } reason
            ? new HealthCheckResult(
                context.Registration.FailureStatus, $"the broker refuses queue {OrdersReservedPublisher.QueueName} ({reason}); {Remedy}")
            : HealthCheckResult.Healthy());

    [LoggerMessage(301, LogLevel.Error, "The broker refuses queue {Queue}: {Reason}. Remedy: {Remedy}")]
    private partial void LogRefused(string queue, string reason, string remedy);
}
