using System.ComponentModel.DataAnnotations;
using System.Diagnostics.Metrics;
using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;
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
    public int MaxBatch { get; set; } = 500;
}

/// <summary>
/// (9) Gives the stock of cancelled, expired and rejected orders back. The order's close wrote a row in the same transaction;
/// here the hold is released in Redis first and the row marked afterwards. Killed in between, the release is tried again and finds
/// no hold. Any number of instances may do it at once.
/// </summary>
internal sealed partial class StockReturns(
    NpgsqlDataSource database, StockLedger stock, IOptions<ReturnsOptions> options, TimeProvider clock, ILogger<StockReturns> logger)
    : BackgroundService
{
    private static readonly Meter s_meter = new("Seckill");
    private static readonly Counter<long> s_returned =
        s_meter.CreateCounter<long>("seckill.returns", "{order}", "Orders whose stock came back.");

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(options.Value.IntervalMilliseconds), clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await ReturnAllAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The process stops; what is not marked is returned by others, or after the next start.
        }
    }

    private async Task ReturnAllAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (await ReturnBatchAsync(cancellationToken) == options.Value.MaxBatch)
            {
            }
        }
        catch (Exception exception) when (exception is NpgsqlException or RedisException or TimeoutException)
        {
            LogFailed(exception.Message);
        }
    }

    private async Task<int> ReturnBatchAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var waiting = (await connection.QueryAsync<(string OrderId, long SaleId, long SkuId)>(new CommandDefinition(
            """
            select order_id, sale_id, sku_id
            from stock_returns
            where returned_at is null
            order by created_at
            limit @MaxBatch
            for update skip locked
            """,
            new { options.Value.MaxBatch },
            cancellationToken: cancellationToken))).AsList();
        if (waiting.Count == 0)
        {
            return 0;
        }

        foreach (var item in waiting.GroupBy(order => new ItemKey(order.SaleId, order.SkuId)))
        {
            s_returned.Add(await stock.ReleaseAsync(new ItemKeys(item.Key), item.Select(order => order.OrderId)));
        }

        await connection.ExecuteAsync(new CommandDefinition(
            "update stock_returns set returned_at = now() where order_id = any(@OrderIds)",
            new { OrderIds = waiting.Select(order => order.OrderId).ToArray() },
            cancellationToken: cancellationToken));
        await transaction.CommitAsync(cancellationToken);
        return waiting.Count;
    }

    [LoggerMessage(410, LogLevel.Warning, "Stock of closed orders could not be given back; the next round tries again: {Reason}")]
    private partial void LogFailed(string reason);
}
