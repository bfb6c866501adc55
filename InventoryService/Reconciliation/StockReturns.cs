using System.Collections.Concurrent;
using System.ComponentModel.DataAnnotations;
using System.Diagnostics.Metrics;
using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;
using Seckill.Shared.Hosting;
using Seckill.Shared.Stock;
using StackExchange.Redis;

namespace Seckill.InventoryService.Reconciliation;

/// <summary>Settings under <c>Returns</c>.</summary>
public sealed class ReturnsOptions
{
    /// <summary>Time between two looks for closed orders, milliseconds.</summary>
    [Range(10, 60_000)]
    public int IntervalMilliseconds { get; set; } = 200;

    /// <summary>Orders in one transaction.</summary>
    [Range(1, 5_000)]
    public int MaxBatch { get; set; } = 2_000;
}

/// <summary>
/// (9) Gives the stock of cancelled, expired and rejected orders back. The order's close wrote a row in the same transaction;
/// here the hold is released in Redis, and the row is gone when that is committed afterwards. Killed in between, the release is tried
/// again and finds no hold. Any number of instances may do it at once. An item that Redis refuses is left alone for a while, so that it
/// keeps none of the others.
/// </summary>
internal sealed partial class StockReturns(
    NpgsqlDataSource database, StockLedger stock, IOptions<ReturnsOptions> options, TimeProvider clock, ILogger<StockReturns> logger)
    : BackgroundService
{
    // Transactions of one instance, when there is more than one batch.
    private const int BatchesAtOnce = 2;
    private static readonly Meter s_meter = new("Seckill");
    private static readonly Counter<long> s_returned =
        s_meter.CreateCounter<long>("seckill.returns", "{order}", "Orders whose stock came back.");
    private static readonly TimeSpan s_pauseOfARefused = TimeSpan.FromSeconds(5);
    private readonly ConcurrentDictionary<ItemKey, long> _refused = new();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // What begins at one instead of nothing has not increased, for Prometheus.
        s_returned.Add(0);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(options.Value.IntervalMilliseconds), clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await ReturnAllAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The process stops; what is not marked is returned by others, or after the next start.
        }
    }

    private async Task ReturnAllAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (await ReturnBatchAsync(cancellationToken) == options.Value.MaxBatch)
            {
                await Task.WhenAll(Enumerable.Range(0, BatchesAtOnce).Select(_ => ReturnWhatWaitsAsync(cancellationToken)));
            }
        }
#pragma warning disable CA1031 // Whatever it was, the next round tries again; the service never stops for it.
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
        {
            LogFailed(exception.Message);
        }
    }

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
        var resting = _refused.Where(item => clock.GetElapsedTime(item.Value) < s_pauseOfARefused).Select(item => item.Key).ToList();
        // Uncommitted until the stock is back, so whatever goes wrong, the rows are there again. By their place in the table, which
        // no other transaction changes: these rows are only ever added and deleted.
        var waiting = (await connection.QueryAsync<(string OrderId, long SaleId, long SkuId)>(new CommandDefinition(
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
            new
            {
                options.Value.MaxBatch,
                Sales = resting.ConvertAll(item => item.SaleId),
                Skus = resting.ConvertAll(item => item.SkuId),
            },
            cancellationToken: cancellationToken))).AsList();
        if (waiting.Count == 0)
        {
            return 0;
        }

        FailPoint.Reach("9-not-released");
        RedisServerException? refusal = null;
        foreach (var item in waiting.GroupBy(order => new ItemKey(order.SaleId, order.SkuId)))
        {
            try
            {
                s_returned.Add(await stock.ReleaseAsync(new ItemKeys(item.Key), item.Select(order => order.OrderId)));
                _refused.TryRemove(item.Key, out _);
            }
            catch (RedisServerException exception)
            {
                _refused[item.Key] = clock.GetTimestamp();
                refusal = exception;
            }
        }

        if (refusal is not null)
        {
            // Uncommitted: the next round leaves out what was refused, and finds the others released already.
            throw new InvalidOperationException(refusal.Message, refusal);
        }

        FailPoint.Reach("9-released");
        await transaction.CommitAsync(cancellationToken);
        return waiting.Count;
    }

    [LoggerMessage(410, LogLevel.Warning, "Stock of closed orders could not be given back; the next round tries again: {Reason}")]
    private partial void LogFailed(string reason);
}
