using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Http.Headers;
using Seckill.InventoryService.OrderEvents;

namespace Seckill.InventoryService.Webhooks;

/// <summary>
/// Posts events to endpoints, one event at a time and in the order of their numbers, so an event that fails holds back those behind it. An
/// endpoint that fails gets one attempt, then a pause that doubles; the first success ends that. Endpoints do not wait for each other. A
/// process that dies leaves events that the next one sends again: at least once, and in order.
/// </summary>
internal sealed partial class WebhookSender(
    NpgsqlDataSource database, WebhookStore webhooks, OrderEventLog events, IOptions<WebhookOptions> options, TimeProvider clock,
    ILogger<WebhookSender> logger) : PeriodicService(clock)
{
    private const int EventsAtOnce = 50;
    private const int LongestError = 200;

    // Each holds a connection to PostgreSQL.
    private const int MostAtOnce = 6;

    private readonly ConcurrentDictionary<long, Task> _deliveries = new();
    private readonly HttpClient _http = new(OutgoingHttp.NewHandler())
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    public override void Dispose()
    {
        _http.Dispose();
        base.Dispose();
    }

    /// <summary>Sends what an endpoint does not have yet, if no other process does.</summary>
    /// <param name="id">The endpoint.</param>
    /// <param name="stoppingToken">Ends it between two events, or in one: that is then sent again.</param>
    public async Task DeliverAsync(long id, CancellationToken stoppingToken)
    {
        await using var alone = await WebhookLock.TryTakeAsync(database, id, stoppingToken);
        if (alone is null || await webhooks.FindTargetAsync(id, stoppingToken) is not { } target)
        {
            return;
        }

        while (true)
        {
            var page = await events.ReadAsync(target.Position, EventsAtOnce, stoppingToken);
            if (page.IsExpired)
            {
                await FailAsync(target, "Events that it does not have were deleted. Replay from 0 sends what is kept.", true);
                return;
            }

            var sent = target.Position;
            foreach (var one in page.Events)
            {
                var (error, isGone) = await SendAsync(target, one, stoppingToken);
                if (error is not null)
                {
                    if (sent == target.Position || await webhooks.MoveAsync(target, sent, CancellationToken.None))
                    {
                        await FailAsync(target, error, isGone);
                    }

                    return;
                }

                sent = one.Number;
                FailPoint.Reach("webhook-sent");
            }

            if (page.Last == target.Position || !await webhooks.MoveAsync(target, page.Last, CancellationToken.None) || !page.HasMore)
            {
                return;
            }

            target = target with { Position = page.Last };
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await Task.WhenAll(_deliveries.Values).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    protected override TimeSpan Interval => TimeSpan.FromMilliseconds(500);

    protected override async Task RunRoundAsync(CancellationToken stoppingToken)
    {
        foreach (var id in await webhooks.DueAsync(stoppingToken))
        {
            if (_deliveries.Count < MostAtOnce && !_deliveries.ContainsKey(id))
            {
                // Only this loop adds. It is in the list before it can take itself out.
                var begin = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                _deliveries[id] = TryDeliverAsync(id, begin.Task, stoppingToken);
                begin.SetResult();
            }
        }
    }

    protected override void OnOutage(Exception exception) => LogFailed(exception.Message);

    private async Task TryDeliverAsync(long id, Task begin, CancellationToken stoppingToken)
    {
        await begin;
        try
        {
            await DeliverAsync(id, stoppingToken);
        }
        catch (Exception exception) when (exception is NpgsqlException or TimeoutException or OperationCanceledException)
        {
            if (!stoppingToken.IsCancellationRequested)
            {
                LogFailed(exception.Message);
            }
        }
        finally
        {
            _deliveries.TryRemove(id, out _);
        }
    }

    // Null when the endpoint has the event.
    private async Task<(string? Error, bool IsGone)> SendAsync(WebhookTarget target, OrderEvent one, CancellationToken stoppingToken)
    {
        var (body, seconds) = (one.ToJson(), Clock.GetUtcNow().ToUnixTimeSeconds());
        using var request = new HttpRequestMessage(HttpMethod.Post, target.Url) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(OrderEvent.ContentType);
        request.Headers.Add("webhook-id", one.Id);
        request.Headers.Add("webhook-timestamp", seconds.ToString(CultureInfo.InvariantCulture));
        request.Headers.Add("webhook-signature", WebhookSignature.Sign(target.Secret, one.Id, seconds, body));
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        limit.CancelAfter(options.Value.TimeoutMilliseconds);
        try
        {
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            return response.IsSuccessStatusCode
                ? (null, false) : ($"It answered {(int)response.StatusCode}.", response.StatusCode == System.Net.HttpStatusCode.Gone);
        }
        catch (OperationCanceledException) when (!stoppingToken.IsCancellationRequested)
        {
            return ($"It did not answer within {options.Value.TimeoutMilliseconds} ms.", false);
        }
        catch (HttpRequestException exception)
        {
            // The outer message sends the reader to an inner exception that no reader of the list has.
            return (exception.GetBaseException().Message, false);
        }
    }

    private async Task FailAsync(WebhookTarget target, string error, bool isGone)
    {
        var text = error.Length <= LongestError ? error : error[..LongestError];
        if (await webhooks.FailAsync(target, text, isGone, options.Value, CancellationToken.None) is not var (failures, isDead))
        {
            return;
        }

        if (isDead)
        {
            LogDead(target.Id, text);
        }
        else if (failures == 1)
        {
            LogFailing(target.Id, text);
        }
    }

    [LoggerMessage(522, LogLevel.Warning, "Could not read or record what endpoints of webhooks get; retrying: {Reason}")]
    private partial void LogFailed(string reason);
    [LoggerMessage(523, LogLevel.Warning, "Webhook {Webhook} failed; retrying after a pause that grows: {Reason}")]
    private partial void LogFailing(long webhook, string reason);
    [LoggerMessage(524, LogLevel.Error, "Webhook {Webhook} is dead and gets no events until an operator replays: {Reason}")]
    private partial void LogDead(long webhook, string reason);
}
