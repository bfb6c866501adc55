using System.Collections.Concurrent;
using System.ComponentModel.DataAnnotations;
using StackExchange.Redis;

namespace Seckill.InventoryService.Returns;

/// <summary>Settings under <c>Returns</c>.</summary>
public sealed class ReturnsOptions
{
    /// <summary>Time between two checks for closed orders, milliseconds.</summary>
    [Range(10, 60_000)] public int IntervalMilliseconds { get; set; } = 200;

    /// <summary>Orders in one transaction.</summary>
    [Range(1, 5_000)] public int MaxBatch { get; set; } = 2_000;
}

/// <summary>
/// (9) Gives back the stock of cancelled, expired and rejected orders. The statement that closed the order wrote a row; here the row is
/// deleted, the hold is released in Redis, and then the deletion is committed. After a kill in between, the release is repeated and finds
/// no hold. Any number of instances may run at once. An item whose release Redis refuses is skipped for a while, so that it does not block
/// the others.
/// </summary>
internal sealed partial class StockReturns(
    NpgsqlDataSource database, StockLedger stock, IOptions<ReturnsOptions> options, TimeProvider clock, ILogger<StockReturns> logger)
    : PeriodicService(clock)
{
    // Concurrent transactions of one instance, when more than one batch waits.
    private const int BatchesAtOnce = 2;
    private static readonly Meter s_meter = new("Seckill");
    private static readonly Counter<long> s_returned =
        s_meter.CreateCounter<long>("seckill.returns", "{order}", "Orders whose stock came back.");
    private static readonly TimeSpan s_pauseAfterRefusal = TimeSpan.FromSeconds(5);
    private readonly ConcurrentDictionary<ItemKey, long> _refused = new();

    protected override TimeSpan Interval => TimeSpan.FromMilliseconds(options.Value.IntervalMilliseconds);

    protected override Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Prometheus sees no increase when a counter first appears with a value above 0.
        s_returned.Add(0);
        return base.ExecuteAsync(stoppingToken);
    }

    protected override async Task RunRoundAsync(CancellationToken stoppingToken)
    {
        if (await ReturnBatchAsync(stoppingToken) == options.Value.MaxBatch)
        {
            await Task.WhenAll(Enumerable.Range(0, BatchesAtOnce).Select(_ => ReturnWhatWaitsAsync(stoppingToken)));
        }
    }

    protected override void OnOutage(Exception exception) => LogFailed(exception.Message);

    // While one batch waits for the disk, another waits for Redis.
    private async Task ReturnWhatWaitsAsync(CancellationToken cancellationToken)
    {
        while (await ReturnBatchAsync(cancellationToken) == options.Value.MaxBatch)
        {
        }
    }

    private async Task<int> ReturnBatchAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var resting = _refused.Where(item => Clock.GetElapsedTime(item.Value) < s_pauseAfterRefusal).Select(item => item.Key).ToList();
        // Committed only when the stock is back, so the rows survive any failure. Selected by ctid, which no other transaction changes:
        // these rows are only inserted and deleted.
        var waiting = await connection.QueryAsync<WaitingReturn>(
            """
            delete from stock_returns
            where ctid = any(array(
              select ctid from stock_returns
              where returned_at is null and (sale_id, sku_id) not in (select * from unnest(@Sales, @Skus))
              order by created_at
              limit @MaxBatch
              for update skip locked
            ))
            returning order_id, sale_id, sku_id
            """,
            new { options.Value.MaxBatch, Sales = resting.ConvertAll(item => item.SaleId), Skus = resting.ConvertAll(item => item.SkuId) },
            cancellationToken);
        if (waiting.Count == 0)
        {
            return 0;
        }

        var rejected = await FindRejectedAsync(connection, waiting, cancellationToken);
        FailPoint.Reach("9-not-released");
        RedisServerException? refusal = null;
        foreach (var item in waiting.GroupBy(order => new ItemKey(order.SaleId, order.SkuId)))
        {
            try
            {
                var writes = new List<StockWrite>();
                foreach (var orders in item.ToLookup(order => rejected.Contains(order.OrderId), order => order.OrderId))
                {
                    s_returned.Add(await stock.ReleaseAsync(new ItemKeys(item.Key), orders, writes, count: !orders.Key));
                }

                // Redis cannot forget the return unnoticed any more.
                await connection.RecordAsync(item.Key, writes, cancellationToken);
                _refused.TryRemove(item.Key, out _);
            }
            catch (RedisServerException exception)
            {
                _refused[item.Key] = Clock.GetTimestamp();
                refusal = exception;
            }
        }

        if (refusal is not null)
        {
            // Not committed: the next round skips the refused item, and finds the other holds already released.
            throw new InvalidOperationException(refusal.Message, refusal);
        }

        FailPoint.Reach("9-released");
        await transaction.CommitAsync(cancellationToken);
        return waiting.Count;
    }

    // That an order was rejected is not its buyer's doing, so it does not count as one that was made. Few items ever have such an order:
    // the sums say which, and the rows of the others are not read.
    private static async Task<HashSet<string>> FindRejectedAsync(
        NpgsqlConnection connection, List<WaitingReturn> waiting, CancellationToken cancellationToken)
    {
        var items = waiting.Select(order => (order.SaleId, order.SkuId)).Distinct().ToList();
        return
        [
            .. await connection.QueryAsync<string>(
                """
                select order_id from orders
                where order_id = any(@ids) and status = 'rejected' and exists (
                  select from order_totals
                  where status = 'rejected' and (sale_id, sku_id) in (select * from unnest(@sales, @skus)))
                """,
                new
                {
                    ids = waiting.ConvertAll(order => order.OrderId), sales = items.ConvertAll(item => item.SaleId),
                    skus = items.ConvertAll(item => item.SkuId),
                },
                cancellationToken),
        ];
    }

    private sealed record WaitingReturn(string OrderId, long SaleId, long SkuId);

    [LoggerMessage(410, LogLevel.Warning, "Could not return the stock of closed orders; retrying: {Reason}")]
    private partial void LogFailed(string reason);
}
