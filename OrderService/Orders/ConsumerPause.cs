using System.Collections.Concurrent;
using MassTransit;
using StackExchange.Redis;
using CommandFlags = StackExchange.Redis.CommandFlags;

namespace Seckill.OrderService.Orders;

/// <summary>
/// Stops consuming when a message cannot be persisted for long. RabbitMQ closes the channel of a consumer that keeps a message for longer
/// than its consumer_timeout (30 minutes), again and again, and each time counts a delivery of each message that the worker has. Here they
/// go back once, in their order, and wait at the broker until PostgreSQL and Redis answer: an outage of any length is one delivery.
/// docs/decisions/0032 has the reasons. Also starts a consumer again that MassTransit has given up, or would start again only a minute
/// after the broker is back.
/// </summary>
internal sealed partial class ConsumerPause(
    QueueCheck queue, NpgsqlDataSource database, IConnectionMultiplexer redis, BrokerClient broker,
    IOptions<PersistenceOptions> options, IServiceProvider services, TimeProvider clock, ILogger<ConsumerPause> logger)
    : PeriodicService(clock), IFilter<ReceiveContext>
{
    // MassTransit waits longer and longer between its attempts, up to a minute. And where the broker closes the channel over one of two
    // declarations at the wrong moment, RabbitMQ.Client forgets the other one: MassTransit waits for it without end, reports nothing, and
    // does not stop either. A broker that answers is tried sooner.
    private static readonly TimeSpan s_longestSilence = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_longestStop = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_longestStopOfNothing = TimeSpan.FromSeconds(2);
    private readonly ConcurrentDictionary<ReceiveContext, long> _inProgress = new();
    private bool _isPaused;
    private bool _isStopped;

    /// <summary>Notes a message from its delivery to its acknowledgement, retries included.</summary>
    public async Task Send(ReceiveContext context, IPipe<ReceiveContext> next)
    {
        _inProgress[context] = Clock.GetTimestamp();
        try
        {
            await next.Send(context);
        }
        finally
        {
            _inProgress.TryRemove(context, out _);
        }
    }

    public void Probe(ProbeContext context) => context.CreateFilterScope("consumerPause");

    protected override TimeSpan Interval => TimeSpan.FromSeconds(1);

    protected override async Task RunRoundAsync(CancellationToken stoppingToken)
    {
        if (!_isPaused && _inProgress.Values.Any(since => Clock.GetElapsedTime(since).TotalSeconds > options.Value.LongestRetrySeconds))
        {
            _isPaused = true;
            LogPaused(options.Value.LongestRetrySeconds);
        }

        await queue.AskAsync();
        if (!_isPaused && !await IsLateAsync())
        {
            return;
        }

        var endpoint = Endpoint();
        if (!_isStopped)
        {
            // Closes the channel: the broker has every message again that was not acknowledged.
            using var timeout = new CancellationTokenSource(_isPaused ? s_longestStop : s_longestStopOfNothing, Clock);
            await endpoint.Stop(timeout.Token).WaitAsync(timeout.Token);
            _isStopped = true;
        }

        if (!_isPaused || await StoresAnswerAsync(stoppingToken))
        {
            if (_isPaused)
            {
                LogStarted();
            }

            queue.ExpectReport();
            endpoint.Start(CancellationToken.None);
            (_isPaused, _isStopped) = (false, false);
        }
    }

    protected override void OnOutage(Exception exception) => LogFailed(exception.Message);

    // Asked for late: the bus is built with this filter.
    private IReceiveEndpoint Endpoint() => services.GetRequiredService<IBusControl>().CheckHealth().Endpoints.Values
        .Select(one => one.ReceiveEndpoint)
        .Single(one => one.InputAddress.Segments[^1] == OrdersReservedPublisher.QueueName);

    private async Task<bool> IsLateAsync() => queue.Silence > s_longestSilence && await broker.AnswersAsync();

    private async Task<bool> StoresAnswerAsync(CancellationToken cancellationToken)
    {
        try
        {
            // After a failover PostgreSQL may answer and refuse every write.
            await using var command = database.CreateCommand("select current_setting('transaction_read_only') = 'off'");
            if (await command.ExecuteScalarAsync(cancellationToken) is not true)
            {
                PostgresSource.Forget(database);
                return false;
            }

            return await redis.GetDatabase().PingAsync(CommandFlags.DemandMaster) >= TimeSpan.Zero;
        }
        catch (Exception exception) when (exception is NpgsqlException or RedisException or TimeoutException)
        {
            return false;
        }
    }

    [LoggerMessage(302, LogLevel.Warning,
        "A message could not be persisted for {Seconds} s: consuming nothing until PostgreSQL and Redis answer.")]
    private partial void LogPaused(int seconds);
    [LoggerMessage(303, LogLevel.Information, "Started the consumer again.")]
    private partial void LogStarted();
    [LoggerMessage(304, LogLevel.Warning, "Could not stop or start the consumer; retrying: {Reason}")]
    private partial void LogFailed(string reason);
}
