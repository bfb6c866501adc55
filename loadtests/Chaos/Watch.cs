using System.Collections.Concurrent;
using Dapper;
using Npgsql;
using Seckill.Tests.Harness.Clients;
using StackExchange.Redis;

namespace Seckill.Chaos;

/// <summary>The stock of an item in Redis at one moment.</summary>
/// <param name="At">Before Redis was asked.</param>
/// <param name="Until">When its answer was there.</param>
/// <param name="SkuId">Which item.</param>
/// <param name="Available">Units for sale.</param>
/// <param name="Released">Units that came back so far.</param>
/// <param name="Fence">
/// State, epoch, repairs and allocation: between two samples that differ in it, anything may have been.
/// </param>
internal sealed record StockSample(double At, double Until, long SkuId, int Available, long Released, string Fence);

/// <summary>What PostgreSQL says of an item at one moment.</summary>
/// <param name="At">Before it was asked.</param>
/// <param name="SkuId">Which item.</param>
/// <param name="Allocated">Units that may be sold.</param>
/// <param name="Live">Units of live orders, by the ledger row.</param>
/// <param name="LiveRows">Units of live orders, by their rows.</param>
/// <param name="OverLimit">Buyers whose live orders are more units than one may have.</param>
internal sealed record LiveSample(double At, long SkuId, int Allocated, int Live, int LiveRows, long[] OverLimit);

/// <summary>Confirmed orders that were neither in the outbox nor a row, at one moment.</summary>
internal sealed record HomelessSample(double At, string[] OrderIds);

/// <summary>Looks at a sale again and again while it suffers, past every relay. A store that is away is not looked at.</summary>
internal sealed class Watch : IAsyncDisposable
{
    private static readonly TimeSpan s_pace = TimeSpan.FromMilliseconds(25);
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(1);
    private readonly Stage _stage;
    private readonly Sale _sale;
    private readonly History _history;
    private readonly CancellationTokenSource _over = new();
    private readonly Task[] _looks;
    private readonly HashSet<string> _persisted = [];

    public Watch(Stage stage, Sale sale, History history)
    {
        (_stage, _sale, _history) = (stage, sale, history);
        _looks =
        [
            Task.Run(() => LookAsync(s_pace, StockAsync)),
            Task.Run(() => LookAsync(2 * s_pace, LiveAsync)),
            Task.Run(() => LookAsync(4 * s_pace, HomelessAsync)),
        ];
    }

    public ConcurrentQueue<StockSample> Stock { get; } = new();

    public ConcurrentQueue<LiveSample> Live { get; } = new();

    public ConcurrentQueue<HomelessSample> Homeless { get; } = new();

    public async Task EndAsync()
    {
        await _over.CancelAsync();
        await Task.WhenAll(_looks);
    }

    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        _over.Dispose();
    }

    private async Task LookAsync(TimeSpan pace, Func<Task> look)
    {
        while (!_over.IsCancellationRequested)
        {
            try
            {
                await look();
            }
            catch (Exception exception) when (exception is NpgsqlException or RedisException or TimeoutException or IOException)
            {
                // It is away, as it should be.
            }

            await Task.Delay(pace);
        }
    }

    private async Task StockAsync()
    {
        foreach (var sku in _sale.Skus)
        {
            var at = _history.Now;
            var item = await _stage.Direct.Redis
                .HashGetAsync(
                    $"seckill:{{{_sale.Id}:{sku}}}:item", [(RedisValue)"available", "released", "state", "epoch", "repairs", "allocated"])
                .WaitAsync(s_timeout);
            if (item[0].HasValue)
            {
                Stock.Enqueue(new StockSample(
                    at, _history.Now, sku, (int)item[0], (long)item[1], $"{item[2]} {item[3]} {item[4]} {item[5]}"));
            }
        }
    }

    private async Task LiveAsync()
    {
        var at = _history.Now;
        await using var connection = await _stage.Direct.Orders.OpenConnectionAsync();
        var rows = await connection.QueryAsync<(long Sku, int Allocated, int Live, int Rows, long[] OverLimit)>(
            """
            select i.sku_id, i.allocated, i.live, coalesce(sum(b.units), 0)::int,
              coalesce(array_agg(b.user_id) filter (where b.units > i.limit_per_user), '{}')
            from sale_items i
            left join lateral (
              select user_id, sum(quantity)::int as units
              from orders o
              where o.sale_id = i.sale_id and o.sku_id = i.sku_id and o.status in ('placed', 'paid')
              group by user_id
            ) b on true
            where i.sale_id = @Id
            group by i.sku_id, i.allocated, i.live
            """,
            new { _sale.Id });
        foreach (var row in rows)
        {
            Live.Enqueue(new LiveSample(at, row.Sku, row.Allocated, row.Live, row.Rows, row.OverLimit));
        }
    }

    // Confirmed first, then Redis, then PostgreSQL: what left the outbox by then is a row by then.
    private async Task HomelessAsync()
    {
        var at = _history.Now;
        var confirmed = _history.Operations.Where(operation => operation.IsAccepted && !_persisted.Contains(operation.OrderId!))
            .Select(operation => operation.OrderId!).ToHashSet();
        foreach (var sku in _sale.Skus)
        {
            foreach (var waiting in await _stage.Direct.Redis
                .SortedSetRangeByRankAsync($"seckill:{{{_sale.Id}:{sku}}}:outbox").WaitAsync(s_timeout))
            {
                confirmed.Remove(waiting!);
            }
        }

        await using var connection = await _stage.Direct.Orders.OpenConnectionAsync();
        _persisted.UnionWith(await connection.QueryAsync<string>(
            """
            select order_id from orders where order_id = any(@confirmed)
            union all select order_id from quarantined_orders where order_id = any(@confirmed)
            """,
            new { confirmed = confirmed.ToArray() }));
        confirmed.ExceptWith(_persisted);
        if (confirmed.Count > 0)
        {
            Homeless.Enqueue(new HomelessSample(at, [.. confirmed]));
        }
    }
}
