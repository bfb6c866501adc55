using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Seckill.InventoryService.Sales;
using Seckill.Shared.Stock;

namespace Seckill.InventoryService.Tests.Sales;

/// <summary>
/// Promise: a created sale is warm before its window begins and closed after it ends, with nobody at the keyboard and whatever dies; the
/// window decides when it sells, and an operator's close holds. Broken by an opening that reopens what was closed since it looked, and by
/// one that is half done and not repeated.
/// </summary>
[Collection(AllOrders.Name)]
public sealed class SaleScheduleTests(StoreFixture stores)
{
    private const int Ahead = 5;
    private readonly TestItem _item = new();

    [Theory]
    [InlineData(4, true)]
    [InlineData(6, false)]
    public async Task A_sale_is_warm_some_minutes_before_its_window_and_sells_nothing_until_then(int opensInMinutes, bool isOpened)
    {
        await CreateAsync(TimeSpan.FromMinutes(opensInMinutes), TimeSpan.FromHours(1));
        await RoundAsync();
        Assert.Equal(isOpened ? SaleState.Open : SaleState.Created, await StateAsync());
        Assert.Equal(isOpened ? 10 : null, (await stores.Stock.InspectAsync(_item.Keys))?.Available);
        Assert.Equal(
            isOpened ? ReserveOutcome.NotOpen : ReserveOutcome.UnknownItem, (await _item.ReserveAsync(new Ask(7)))[0].Outcome);
        var version = (await stores.Sales.FindStateAsync(_item.Key.SaleId, CancellationToken.None)).Version;
        await RoundAsync();
        Assert.Equal(version, (await stores.Sales.FindStateAsync(_item.Key.SaleId, CancellationToken.None)).Version);
    }

    [Fact]
    public async Task What_a_kill_left_half_open_is_opened_by_the_next_round()
    {
        await CreateAsync(TimeSpan.FromMinutes(-1), TimeSpan.FromHours(1));
        var killed = new SaleOpening(stores.Sales, stores.Stock, stores.Catalog, stores.Rooms)
        {
            BeforeRedis = () => throw new InvalidOperationException("killed"),
        };
        await Assert.ThrowsAsync<InvalidOperationException>(() => killed.OpenAsync(_item.Key.SaleId, CancellationToken.None, 0));
        Assert.Null(await stores.Stock.InspectAsync(_item.Keys));
        await RoundAsync();
        Assert.Equal(ReserveOutcome.Reserved, (await _item.ReserveAsync(new Ask(7)))[0].Outcome);
    }

    [Fact]
    public async Task What_an_operator_has_closed_stays_closed()
    {
        await CreateAsync(TimeSpan.FromMinutes(-1), TimeSpan.FromHours(1));
        var read = (await stores.Sales.FindStateAsync(_item.Key.SaleId, CancellationToken.None)).Version;
        await stores.Opening.OpenAsync(_item.Key.SaleId, CancellationToken.None);
        await stores.Opening.CloseAsync(_item.Key.SaleId, CancellationToken.None);
        await RoundAsync();
        Assert.Equal(SaleState.Closed, await StateAsync());
        // As if the round had looked before the operator came.
        Assert.Equal(OpeningOutcome.Superseded, await stores.Opening.OpenAsync(_item.Key.SaleId, CancellationToken.None, read));
        Assert.Equal(SaleState.Closed, await StateAsync());
        Assert.Equal(ItemState.Closed, (await stores.Stock.InspectAsync(_item.Keys))!.State);
    }

    [Fact]
    public async Task A_sale_is_closed_after_its_end_and_never_opened_after_it()
    {
        await CreateAsync(TimeSpan.FromHours(-2), TimeSpan.FromHours(-1));
        await RoundAsync();
        Assert.Equal(SaleState.Created, await StateAsync());
        await stores.Opening.OpenAsync(_item.Key.SaleId, CancellationToken.None);
        await RoundAsync();
        Assert.Equal(SaleState.Closed, await StateAsync());
        Assert.Equal(ItemState.Closed, (await stores.Stock.InspectAsync(_item.Keys))!.State);
    }

    private async Task CreateAsync(TimeSpan opensIn, TimeSpan closesIn)
    {
        // What other tests have left is as due as this.
        await using (var connection = await stores.Database.OpenConnectionAsync())
        {
            await connection.ExecuteAsync(
                """
                update sales set state = 'closed'
                where archived_at is null and (state = 'created' or closes_at < now()
                  or exists (select from sale_items i where i.sale_id = sales.sale_id and warmed_at is null))
                """);
        }

        var now = TimeProvider.System.GetUtcNow();
        Assert.True(await stores.Sales.TryAddAsync(
            new CreateSale(_item.Key.SaleId, "Test", now + opensIn, now + closesIn, 900,
                [new CreateSaleItem(_item.Key.SkuId, 10, 2, TestItem.Price, "EUR")]),
            CancellationToken.None));
        stores.Opened.Add(_item.Key.SaleId);
    }

    private async Task<SaleState> StateAsync() => (await stores.Sales.FindStateAsync(_item.Key.SaleId, CancellationToken.None)).State;

    private async Task RoundAsync()
    {
        using var schedule = new SaleSchedule(
            stores.Database, stores.Catalog, stores.Opening, Options.Create(new ScheduleOptions { OpenAheadMinutes = Ahead }),
            TimeProvider.System, NullLogger<SaleSchedule>.Instance);
        await schedule.RunAsync(CancellationToken.None);
    }
}
