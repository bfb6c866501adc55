using MassTransit;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Seckill.OrderService.Orders;

/// <summary>
/// Reports a queue that exists at the broker with other arguments, left by another version. While it exists, the broker refuses this
/// version's queue, and MassTransit only retries.
/// </summary>
internal sealed partial class QueueCheck(BrokerClient broker, TimeProvider clock, ILogger<QueueCheck> logger)
    : IReceiveEndpointObserver, IHealthCheck
{
    private const string Remedy =
        "stop the workers, delete the queue at the broker, start the workers: its orders are in the Redis outbox and are published again";

    private volatile string? _problem = "is not consumed yet";
    private volatile string? _refusal;
    private long _lastReport = clock.GetTimestamp();

    /// <summary>How long the queue has not been consumed without a report of a failed attempt; zero while it is consumed.</summary>
    public TimeSpan Silence => _problem is null ? TimeSpan.Zero : clock.GetElapsedTime(Volatile.Read(ref _lastReport));

    /// <summary>Begins the silence again, for a consumer that starts again.</summary>
    public void ExpectReport() => Volatile.Write(ref _lastReport, clock.GetTimestamp());

    /// <summary>
    /// Declares a queue that is not consumed: RabbitMQ.Client may lose the refusal that the broker answered the consumer, when it
    /// closes the channel at the wrong moment. A dead-letter queue that another version has left is replaced while it is empty.
    /// </summary>
    public async Task AskAsync()
    {
        foreach (var (queue, arguments) in new[]
        {
            (OrdersReservedPublisher.QueueName, WorkerEndpoint.QueueArguments),
            (OrdersReservedPublisher.DeadLetterQueueName, WorkerEndpoint.DeadLetterQueueArguments),
        })
        {
            // Looked at again after the answer: meanwhile the queue may be consumed.
            if (_problem is null || await broker.DeclareQueueAsync(queue, arguments) is not { } answer || _problem is null)
            {
                return;
            }

            if (answer.Refusal is not { } refusal)
            {
                continue;
            }

            if (queue == OrdersReservedPublisher.DeadLetterQueueName && await broker.DeleteUnusedAsync(queue))
            {
                LogReplaced(queue, refusal);
            }
            else
            {
                Note(refusal);
            }

            return;
        }
    }

    public Task Ready(ReceiveEndpointReady ready)
    {
        (_problem, _refusal) = (null, null);
        return Task.CompletedTask;
    }

    public Task Faulted(ReceiveEndpointFaulted faulted)
    {
        ExpectReport();
        var causes = Causes(faulted.Exception).ToArray();
        _problem = $"cannot be consumed: {causes.LastOrDefault()?.Message}";
        Note(causes.OfType<OperationInterruptedException>().Select(cause => cause.ShutdownReason)
            .FirstOrDefault(reason => reason?.ReplyCode == Constants.PreconditionFailed)?.ReplyText);
        return Task.CompletedTask;
    }

    public Task Stopping(ReceiveEndpointStopping stopping) => Task.CompletedTask;

    public Task Completed(ReceiveEndpointCompleted completed) => Task.CompletedTask;

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(_problem is { } problem
            ? new HealthCheckResult(context.Registration.FailureStatus, $"queue {OrdersReservedPublisher.QueueName} {Explain(problem)}")
            : HealthCheckResult.Healthy());

    private string Explain(string problem) =>
        _refusal is { } refusal ? $"is refused by the broker ({refusal}); {Remedy}" : problem;

    private void Note(string? refusal)
    {
        if (refusal is not null && Interlocked.Exchange(ref _refusal, refusal) != refusal)
        {
            LogRefused(OrdersReservedPublisher.QueueName, refusal, Remedy);
        }
    }

    private static IEnumerable<Exception> Causes(Exception? exception)
    {
        for (; exception is not null; exception = exception.InnerException)
        {
            yield return exception;
        }
    }

    [LoggerMessage(301, LogLevel.Error, "The broker refuses queue {Queue}: {Reason}. Remedy: {Remedy}")]
    private partial void LogRefused(string queue, string reason, string remedy);
    [LoggerMessage(307, LogLevel.Information, "Deleted queue {Queue}, which was empty and that of another version: {Reason}.")]
    private partial void LogReplaced(string queue, string reason);
}
