using Dapper;
using MassTransit;
using Npgsql;
using Seckill.LoadTests.Client;
using Seckill.Shared.Connections;
using Seckill.Shared.Contracts;
using Seckill.Shared.Security;
using Seckill.Shared.Stock;
using StackExchange.Redis;

namespace Seckill.LoadTests.Bench;

/// <summary>
/// Makes many orders at once and lets them expire. They are reserved and published by the API's own code, so that the workers and the
/// return of stock are measured, and not the load generator.
/// </summary>
public sealed class LifeOrders : IAsyncDisposable
{
    private const int BatchSize = 256;
    private const int CallsAtOnce = 8;
    private readonly ConnectionMultiplexer _redis;
    private readonly NpgsqlDataSource _orders;
    private readonly IBusControl _bus;
    private readonly OrdersReservedPublisher _publisher;

    private LifeOrders(ConnectionMultiplexer redis, NpgsqlDataSource orders, IBusControl bus, string opsKey)
    {
        (_redis, _orders, _bus) = (redis, orders, bus);
        _publisher = new OrdersReservedPublisher(bus, new MessageSignature(opsKey));
    }

    /// <summary>Connects to the stores and to RabbitMQ.</summary>
    public static async Task<LifeOrders> ConnectAsync(LoadTarget target)
    {
        var connection = await ConnectionMultiplexer.ConnectAsync(target.Redis);
        var rabbitMq = new Uri(BenchVariables.Required("ConnectionStrings__RabbitMq"));
        var bus = Bus.Factory.CreateUsingRabbitMq(rabbit => rabbit.Host(rabbitMq));
        await bus.StartAsync();
        // Changing a hundred thousand orders in one statement takes minutes on a slow machine.
        return new(connection, NpgsqlDataSource.Create($"Application Name=bench;Command Timeout=300;{target.Orders}"), bus, target.OpsKey);
    }

    /// <summary>Reserves and publishes one unit for each of many users, and waits for the rows.</summary>
    /// <returns>The moment of the first message, and orders persisted per second from then to the last row.</returns>
    public async Task<(DateTime From, double PerSecond)> PersistAsync(Sale sale, int count, CancellationToken cancellationToken)
    {
        var (item, price) = (new ItemKey(sale.SaleId, sale.Items[0].SkuId), sale.Items[0]);
        var ledger = new StockLedger(_redis);
        var batches = new OrdersReserved[(count + BatchSize - 1) / BatchSize];
        await ForEachAsync(batches.Length, async number =>
        {
            var size = Math.Min(BatchSize, count - (number * BatchSize));
            batches[number] = new OrdersReserved(
                item.SaleId, item.SkuId, price.UnitPrice, price.Currency, await ReserveAsync(ledger, item, number * BatchSize, size));
        }, cancellationToken);
        var startedAt = TimeProvider.System.GetUtcNow().UtcDateTime;
        await ForEachAsync(batches.Length, number => _publisher.PublishAsync(batches[number]), cancellationToken);
        // Reads the ledger row: counting the rows would cost more than placing them.
        await UntilAsync("live from sale_items where sale_id = @SaleId", sale, count, cancellationToken);
        await using var connection = await _orders.OpenConnectionAsync(cancellationToken);
        var last = await connection.ExecuteScalarAsync<DateTime>(
            "select max(placed_at) from sale_items i, orders_of(i) where i.sale_id = @SaleId", new { sale.SaleId });
        return (startedAt, count / (last - startedAt).TotalSeconds);
    }

    /// <summary>Reserves one unit for each of many users, each under a key of its own, publishes them, and waits for the rows.</summary>
    /// <param name="sale">A sale of one item.</param>
    /// <param name="count">Users.</param>
    /// <param name="firstUser">Id of the first, less one.</param>
    /// <param name="cancellationToken">Stops.</param>
    public async Task FillAsync(Sale sale, int count, int firstUser, CancellationToken cancellationToken)
    {
        var (item, price) = (new ItemKey(sale.SaleId, sale.Items[0].SkuId), sale.Items[0]);
        var ledger = new StockLedger(_redis);
        // Each batch is published before the next is reserved: the sweeper would publish what waits for seconds a second time.
        await ForEachAsync((count + BatchSize - 1) / BatchSize, async number => await _publisher.PublishAsync(new OrdersReserved(
            item.SaleId, item.SkuId, price.UnitPrice, price.Currency, await ReserveAsync(
                ledger, item, firstUser + (number * BatchSize), Math.Min(BatchSize, count - (number * BatchSize)), withKeys: true))),
            cancellationToken);
        await UntilAsync("live from sale_items where sale_id = @SaleId", sale, count, cancellationToken);
    }

    /// <summary>Lets every order of the sale expire at one moment, and waits until all their stock came back.</summary>
    /// <returns>The moment, the moment of the last return, and orders closed and returned per second.</returns>
    public async Task<(DateTime From, DateTime To, double PerSecond)> CloseAsync(Sale sale, int count, CancellationToken cancellationToken)
    {
        await using (var connection = await _orders.OpenConnectionAsync(cancellationToken))
        {
            await connection.ExecuteAsync(
                "update orders set pay_by = now() - interval '1 second' where sale_id = @SaleId", new { sale.SaleId });
        }

        var from = TimeProvider.System.GetUtcNow().UtcDateTime;
        var (ledger, item) = (new StockLedger(_redis), new ItemKeys(new ItemKey(sale.SaleId, sale.Items[0].SkuId)));
        while (await ledger.InspectAsync(item) is { Held: > 0 })
        {
            await Task.Delay(20, cancellationToken);
        }

        var to = TimeProvider.System.GetUtcNow().UtcDateTime;
        await UntilAsync(
            "count(*) from sale_items i, orders_of(i) where i.sale_id = @SaleId and status = 'expired'", sale, count, cancellationToken);
        return (from, to, count / (to - from).TotalSeconds);
    }

    /// <summary>Orders of the sale that were reserved per second; in a window, or from the first to the last.</summary>
    public async Task<double> AcceptedPerSecondAsync(Sale sale, (DateTime From, DateTime To)? window)
    {
        await using var connection = await _orders.OpenConnectionAsync();
        var (first, last) = await connection.QuerySingleAsync<(DateTime First, DateTime Last)>(
            "select min(reserved_at), max(reserved_at) from orders where sale_id = @SaleId", new { sale.SaleId });
        var from = window is { } start && start.From > first ? start.From : first;
        var to = window is { } end && end.To < last ? end.To : last;
        return await connection.ExecuteScalarAsync<long>(
            "select count(*) from orders where sale_id = @SaleId and reserved_at between @from and @to", new { sale.SaleId, from, to })
            / (to - from).TotalSeconds;
    }

    /// <summary>Broken promises after all orders of the sale were closed.</summary>
    public async Task<IReadOnlyList<string>> CheckClosedAsync(Sale sale, int count)
    {
        var item = (await new StockLedger(_redis).InspectAsync(new ItemKeys(new ItemKey(sale.SaleId, sale.Items[0].SkuId))))!;
        await using var connection = await _orders.OpenConnectionAsync();
        var (expired, returns, live) = await connection.QuerySingleAsync<(long, long, long)>(
            """
            select (select count(*) from sale_items i, orders_of(i) where i.sale_id = @SaleId and status = 'expired'),
              (select count(*) from stock_returns where sale_id = @SaleId),
              (select sum(live) from sale_items where sale_id = @SaleId)
            """,
            new { sale.SaleId });
        return (expired, returns, live, item.Held, item.Available) == (count, 0, 0, 0, item.Allocated) ? [] :
        [
            $"{count} orders: {expired} expired, {returns} returns left, {live} units live, {item.Held} held, "
            + $"{item.Available} of {item.Allocated} available.",
        ];
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _bus.StopAsync();
        await _orders.DisposeAsync();
        _redis.Dispose();
    }

    private static Task ForEachAsync(int number, Func<int, Task> step, CancellationToken cancellationToken) => Parallel.ForEachAsync(
        Enumerable.Range(0, number),
        new ParallelOptions { MaxDegreeOfParallelism = CallsAtOnce, CancellationToken = cancellationToken },
        async (index, _) => await step(index));

    private static async Task<ReservedOrder[]> ReserveAsync(
        StockLedger ledger, ItemKey item, int firstUser, int size, bool withKeys = false)
    {
        var batch = new ReserveBatch(size);
        var suffixes = new byte[size][];
        for (var i = 0; i < size; i++)
        {
            OrderId.FillSuffix(suffixes[i] = new byte[OrderId.SuffixLength]);
            batch.Add(suffixes[i], firstUser + i + 1, 1, withKeys ? Guid.NewGuid().ToString("N") : null);
        }

        await ledger.ReserveAsync(new ItemKeys(item), batch, int.MaxValue);
        var number = batch.Terms!.Number;
        return batch.Outcome(size - 1, out _) == ReserveOutcome.Reserved
            ? [.. suffixes.Select((suffix, i) => new ReservedOrder(OrderId.Join(number, suffix), firstUser + i + 1, 1, batch.Now))]
            : throw new InvalidOperationException($"A unit could not be reserved: {batch.Outcome(size - 1, out _)}.");
    }

    private async Task UntilAsync(string what, Sale sale, int count, CancellationToken cancellationToken)
    {
        while (true)
        {
            await using (var connection = await _orders.OpenConnectionAsync(cancellationToken))
            {
                if (await connection.ExecuteScalarAsync<long>($"select {what}", new { sale.SaleId }) >= count)
                {
                    return;
                }
            }

            // Counting is work for the server that is being measured.
            await Task.Delay(500, cancellationToken);
        }
    }
}
