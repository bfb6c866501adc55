using System.ComponentModel.DataAnnotations;
using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;
using Seckill.Shared.Stock;

namespace Seckill.InventoryService.Reconciliation;

/// <summary>Settings under <c>Backlog</c>.</summary>
public sealed class BacklogOptions
{
    /// <summary>Sale items with a label of their own in the metrics; all others are added up as one.</summary>
    [Range(1, 1_000)]
    public int MostItems { get; set; } = 100;
}

/// <summary>
/// Looks at what stands and waits, for the metrics: stock and outbox of each item, the queues, what waits for people. Each store is
/// looked at by itself, so that one that is away hides nothing of the others.
/// </summary>
internal sealed partial class BacklogWatch(
    StockReader reader, SaleCatalog catalog, NpgsqlDataSource database, QueueDepths queues, BacklogMetrics metrics,
    IOptions<BacklogOptions> options, TimeProvider clock, ILogger<BacklogWatch> logger) : BackgroundService
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_slowInterval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_afterTheSale = TimeSpan.FromHours(1);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(
        RepeatAsync("Redis", s_interval, LookAtItemsAsync, stoppingToken),
        RepeatAsync("PostgreSQL", s_slowInterval, LookAtTablesAsync, stoppingToken),
        RepeatAsync("RabbitMQ", s_slowInterval, async _ => metrics.Depths = await queues.AskAsync(), stoppingToken));

    private async Task RepeatAsync(string store, TimeSpan interval, Func<CancellationToken, Task> lookAsync, CancellationToken stop)
    {
        var answers = true;
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await lookAsync(stop);
                answers = true;
            }
#pragma warning disable CA1031 // Whatever it was, the next round looks again; metrics never stop the service.
            catch (Exception exception) when (!stop.IsCancellationRequested)
#pragma warning restore CA1031
            {
                Forget(store);
                // Once for each outage: readiness and its metric say how long.
                if (answers)
                {
                    LogBlind(store, exception.Message);
                }

                answers = false;
            }
            catch (OperationCanceledException)
            {
                return;
            }

            await Task.Delay(interval, clock, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Forget(string store)
    {
        switch (store)
        {
            case "Redis": metrics.Items = []; break;
            case "PostgreSQL":
                (metrics.Quarantined, metrics.Refunds, metrics.Returns, metrics.OldestReturnSeconds) = (null, null, null, null);
                break;
            default: metrics.Depths = null; break;
        }
    }

    private async Task LookAtItemsAsync(CancellationToken cancellationToken) => metrics.Items = Label(
        await reader.ReadAsync(await catalog.ItemsAsync(), cancellationToken), options.Value.MostItems);

    /// <summary>Items with orders in the outbox or a sale that is on, the deepest first; what is too many is one more.</summary>
    internal static IReadOnlyList<ItemBacklog> Label(IEnumerable<KeyValuePair<ItemKey, ItemStock>> items, int most)
    {
        ItemBacklog[] shown =
        [
            .. items.Where(item => item.Value.Snapshot is { } now && (now.OutboxDepth > 0 || IsOn(now)))
                .Select(item => Backlog(item.Key, item.Value.Snapshot!, item.Value.OldestSeconds))
                .OrderByDescending(item => item.Depth).ThenByDescending(item => item.Held)
                .ThenBy(item => item.Item, StringComparer.Ordinal),
        ];
        var others = shown[Math.Min(most, shown.Length)..];
        return others.Length == 0
            ? shown
            :
            [
                .. shown[..most],
                new ItemBacklog(
                    "other", others.Sum(item => item.Depth), others.Max(item => item.OldestSeconds), others.Sum(item => item.Available),
                    others.Sum(item => item.Held), others.Sum(item => item.Allocated)),
            ];
    }

    private static bool IsOn(ItemSnapshot now) => now.State != "closed" && now.Now - s_afterTheSale < now.ClosesAt;

    private static ItemBacklog Backlog(ItemKey item, ItemSnapshot now, double oldestSeconds) =>
        new(item.ToString(), now.OutboxDepth, oldestSeconds, now.Available, now.Held, now.Allocated);

    private async Task LookAtTablesAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        (metrics.Quarantined, metrics.Refunds, metrics.Returns, metrics.OldestReturnSeconds) =
            await connection.QuerySingleAsync<(long, long, long, double)>(new CommandDefinition(
                """
                select
                  (select count(*) from quarantined_orders q where not exists (select from orders o where o.order_id = q.order_id)),
                  (select count(*) from (select from refunds limit 10000) r),
                  (select count(*) from (select from stock_returns where returned_at is null limit 10000) r),
                  (select coalesce(extract(epoch from now() - min(created_at)), 0)::float8
                   from stock_returns where returned_at is null)
                """,
                cancellationToken: cancellationToken));
    }

    [LoggerMessage(470, LogLevel.Warning, "What waits in {Store} cannot be measured: {Reason}")]
    private partial void LogBlind(string store, string reason);
}
