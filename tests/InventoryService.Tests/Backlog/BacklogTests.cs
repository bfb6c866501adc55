using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Seckill.InventoryService.Backlog;
using Seckill.Shared.Stock;
using StackExchange.Redis;

namespace Seckill.InventoryService.Tests.Backlog;

/// <summary>
/// The alerts are made of the metrics of stock and backlog. Broken by one item that cannot be read and hides all others, and by a store
/// that is down and looks like missing items.
/// </summary>
public sealed class BacklogTests(Administration administration)
{
    [Theory]
    [InlineData("key of another type")]
    [InlineData("counter that is no number")]
    public async Task An_item_that_cannot_be_read_hides_no_other(string fault)
    {
        var (good, bad) = (await TestItem.OpenAsync(units: 60), await TestItem.OpenAsync());
        if (fault == "key of another type")
        {
            await Servers.Database.StringSetAsync(bad.Keys.State, "not an item");
        }
        else
        {
            await Servers.Database.HashSetAsync(bad.Keys.State, "available", "many");
        }

        var reader = administration.Services.GetRequiredService<StockReader>();
        var read = await reader.ReadAsync([bad.Key, good.Key], CancellationToken.None).InTime();
        Assert.Equal(good.Key, Assert.Single(read).Key);
        var backlog = Assert.Single(StockBacklog.Label(read, maximum: 1));
        Assert.Equal((good.Key.ToString(), 60), (backlog.Item, backlog.Available));
    }

    [Fact]
    public async Task The_reader_keeps_its_last_answer_for_the_dashboard_and_gives_the_metrics_only_a_current_one()
    {
        using var reader = new ScriptedReader();
        await reader.StartAsync(CancellationToken.None);
        await Eventually.IsTrueAsync("the first answer is read", () => reader.Current == "answer");
        reader.IsDown = true;
        await Eventually.IsTrueAsync("the outage is noticed", () => reader.Current is null);
        Assert.Equal("answer", reader.Last);
        Assert.InRange(reader.AgeSeconds!.Value, 0.1, 60);
        reader.IsDown = false;
        await Eventually.IsTrueAsync("the store answers again", () => reader.Current == "answer");
        await reader.StopAsync(CancellationToken.None).InTime();
    }

    [Fact]
    public async Task A_store_that_is_down_is_a_failure_of_all_items()
    {
        var nowhere = ConfigurationOptions.Parse("127.0.0.1:1,abortConnect=false,connectTimeout=100");
        using var redis = ConnectionMultiplexer.Connect(nowhere);
        var reader = ActivatorUtilities.CreateInstance<StockReader>(administration.Services, new StockLedger(redis));
        await Assert.ThrowsAnyAsync<RedisConnectionException>(
            () => reader.ReadAsync([new TestItem().Key], CancellationToken.None).InTime());
    }

    [Fact]
    public async Task A_return_from_before_the_clock_was_set_back_is_old_and_not_new()
    {
        // Redis refuses its release, so it stays.
        var item = await TestItem.OpenAsync();
        await Servers.Database.StringSetAsync(item.Keys.Buyers, "no buyers");
        var order = item.Number + new string('0', 24);
        await Servers.Database.HashSetAsync(item.Keys.Holds, order, "7:1:1");
        await using var connection = await Servers.Orders.OpenConnectionAsync();
        var row = new { order, item.Key.SaleId, item.Key.SkuId };
        await connection.ExecuteAsync(
            "insert into stock_returns (order_id, sale_id, sku_id, created_at) values (@order, @SaleId, @SkuId, now() + interval '1 day')",
            row);
        try
        {
            using var reader = ActivatorUtilities.CreateInstance<TableBacklog>(administration.Services);
            await reader.StartAsync(CancellationToken.None);
            await Eventually.IsTrueAsync("its age is known", () => reader.Current?.OldestReturnSeconds is > 86_000 and < 86_500);
            await reader.StopAsync(CancellationToken.None).InTime();
        }
        finally
        {
            await connection.ExecuteAsync("delete from stock_returns where order_id = @order", row);
        }
    }

    private sealed class ScriptedReader() : BacklogReader<string>("a store", TimeProvider.System, NullLogger.Instance)
    {
        public volatile bool IsDown;

        protected override Task<string> ReadAsync(CancellationToken cancellationToken) =>
            IsDown ? Task.FromException<string>(new TimeoutException()) : Task.FromResult("answer");
    }
}
