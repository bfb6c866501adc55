using System.Collections.Concurrent;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Seckill.InventoryService.Sales;
using Seckill.Shared.Contracts;
using Seckill.Shared.Stock;

namespace Seckill.InventoryService.Tests.Sales;

/// <summary>
/// Somebody who can order more, or take a banner down, must hear of low stock: once for each fall, from however many instances, and
/// also when the one that noticed died before it could tell. A queue at the real broker listens as anybody may.
/// </summary>
public sealed class StockAlertTests(Administration administration) : IAsyncLifetime
{
    private readonly ConcurrentQueue<(long SaleId, string News)> _heard = new();
    private readonly IBusControl _bus = Bus.Factory.CreateUsingRabbitMq(rabbit => rabbit.Host(new Uri(Servers.RabbitMqConnection)));

    public async ValueTask InitializeAsync()
    {
        await _bus.StartAsync().InTime();
        await _bus.ConnectReceiveEndpoint(
            new TemporaryEndpointDefinition(), null,
            queue =>
            {
                queue.Handler<StockRunningLow>(context => Hear(
                    context.Message.SaleId,
                    $"low {context.Message.Crossing}: {context.Message.Available} of {context.Message.Allocated}"));
                queue.Handler<ItemSoldOut>(context => Hear(
                    context.Message.SaleId, $"sold out {context.Message.Crossing}: {context.Message.Allocated}"));
            }).Ready.InTime();
    }

    public async ValueTask DisposeAsync() => await _bus.StopAsync().InTime();

    [Fact]
    public async Task Each_fall_is_told_once_by_several_instances()
    {
        using var other = ActivatorUtilities.CreateInstance<StockAlerts>(administration.Services);
        await other.StartAsync(CancellationToken.None);
        var sale = await PlannedSale.OpenAsync(administration);
        await SellAsync(sale, 8);
        await SellAsync(sale, 1);
        await HeardAsync(sale, "low 1: 1 of 10");
        await SellAsync(sale, 1);
        await HeardAsync(sale, "low 1: 1 of 10", "sold out 1: 10");
        // After a restock the next fall is news again; by then, both instances have looked at the first one many times.
        Assert.Equal(AdjustOutcome.Made, await TestItem.Ledger.AdjustAsync(sale.Keys, "restock", 10));
        await Eventually.IsTrueAsync(
            "an instance saw the restock", async () => ((string?)await PlannedSale.Redis.HashGetAsync(Alerts(sale), "low")) == "1 above");
        Assert.Equal(AdjustOutcome.Made, await TestItem.Ledger.AdjustAsync(sale.Keys, "withdraw", -10));
        await HeardAsync(sale, "low 1: 1 of 10", "sold out 1: 10", "low 2: 0 of 10", "sold out 2: 10");
        await other.StopAsync(CancellationToken.None).InTime();
    }

    [Fact]
    public async Task A_kill_between_the_claim_and_the_message_loses_nothing()
    {
        // Nobody looks at the item before it is in the catalog. The one who is killed claims it until then, and tells nobody.
        var item = await TestItem.OpenAsync(units: 10, limit: 10);
        await item.ReserveOneAsync(1, 10);
        var claim = TimeSpan.FromSeconds(2);
        var notice = (await TestItem.Ledger.NoticeAsync(item.Keys, 0.1, claim))!;
        Assert.Equal((1, 1), (notice.LowCrossing, notice.SoldOutCrossing));
        await new SaleCatalog(Servers.Redis).AddNumberAsync(item.Number, item.Key);
        await Eventually.IsTrueAsync("both are told after all", () => News(item.Key.SaleId).Length == 2);
        Assert.Equal(["low 1: 0 of 10", "sold out 1: 10"], News(item.Key.SaleId));
        await Eventually.IsTrueAsync(
            "and not again", async () => ((string?)await Servers.Database.HashGetAsync(Alerts(item.Key), "sold_out")) == "1 told");
    }

    [Fact]
    public async Task A_kill_between_the_message_and_its_mark_tells_it_again_under_the_same_number()
    {
        var sale = await PlannedSale.OpenAsync(administration);
        await SellAsync(sale, 9);
        await HeardAsync(sale, "low 1: 1 of 10");
        await Eventually.IsTrueAsync(
            "it is marked", async () => ((string?)await PlannedSale.Redis.HashGetAsync(Alerts(sale), "low")) == "1 told");
        // As if the one who told it had not come so far: its claim has run out.
        await PlannedSale.Redis.HashSetAsync(Alerts(sale), "low", "1 1");
        await HeardAsync(sale, "low 1: 1 of 10", "low 1: 1 of 10");
    }

    private static string Alerts(PlannedSale sale) => Alerts(sale.Keys.Item);

    private static string Alerts(ItemKey item) => $"seckill:{{{item}}}:alerts";

    private static async Task SellAsync(PlannedSale sale, int units)
    {
        for (var i = 0; i < units; i++)
        {
            Assert.Equal(ReserveOutcome.Reserved, (await sale.ReserveAsync(TestItem.NewId())).Outcome);
        }
    }

    // The two kinds of news may overtake each other on their way.
    private string[] News(long saleId) => [.. _heard.Where(entry => entry.SaleId == saleId).Select(entry => entry.News).Order()];

    private async Task HeardAsync(PlannedSale sale, params string[] news)
    {
        await Eventually.IsTrueAsync($"{news[^1]} is told", () => News(sale.Id).Length >= news.Length);
        Assert.Equal(news.Order(), News(sale.Id));
    }

    private Task Hear(long saleId, string news)
    {
        _heard.Enqueue((saleId, news));
        return Task.CompletedTask;
    }
}
