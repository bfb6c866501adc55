using Microsoft.Extensions.DependencyInjection;
using Seckill.InventoryService.Backlog;
using Seckill.Shared.Stock;
using StackExchange.Redis;

namespace Seckill.InventoryService.Tests.Backlog;

/// <summary>
/// The metrics of what stands and waits are what alerts are made of. Broken by one item that cannot be read and takes those of all
/// others away; and by a store that is away and looks like items that are gone.
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
        var backlog = Assert.Single(BacklogWatch.Label(read, most: 1));
        Assert.Equal((good.Key.ToString(), 60), (backlog.Item, backlog.Available));
    }

    [Fact]
    public async Task A_store_that_is_away_is_no_matter_of_one_item()
    {
        var nowhere = ConfigurationOptions.Parse("127.0.0.1:1,abortConnect=false,connectTimeout=100");
        using var redis = ConnectionMultiplexer.Connect(nowhere);
        var reader = ActivatorUtilities.CreateInstance<StockReader>(administration.Services, new StockLedger(redis));
        await Assert.ThrowsAnyAsync<RedisConnectionException>(
            () => reader.ReadAsync([new TestItem().Key], CancellationToken.None).InTime());
    }
}
