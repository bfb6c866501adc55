using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Seckill.InventoryService.Audit;
using Seckill.InventoryService.Ledger;
using Seckill.Shared.Contracts;

namespace Seckill.InventoryService.Tests.Audit;

/// <summary>
/// Promise: the totals of the two stores are compared at any moment of a sale without a false alarm, and a difference that nothing
/// explains is found. Each term of the bounds has the one movement here that contradicts them without it, between the reads of the real
/// stores, and no other order that could hide it. Broken by a bound that forgets a way in or out, or that takes the older read of two.
/// </summary>
[Collection(AllOrders.Name)]
public sealed class TotalsAuditTests(StoreFixture stores)
{
    private static readonly AuditorOptions s_atOnce = new() { LateOrderMilliseconds = 0 };

    public static MatrixTheoryData<string, int> Movements => new(
        ["reserved", "placed", "cancelled", "cancelled and returned", "returned", "quarantined", "replayed", "rejected and returned"],
        [1, 2]);

    [Theory]
    [MemberData(nameof(Movements))]
    public async Task What_moves_between_two_reads_is_no_finding(string movement, int gap)
    {
        var sale = await TestSale.OpenAsync(stores, units: 20, limit: 2);
        var live = await sale.PlaceManyAsync(5, quantity: 2);
        var order = movement is "quarantined" or "replayed" or "rejected and returned" ? await sale.ReserveAsync(9, 2) : default;
        if (movement is "replayed" or "rejected and returned")
        {
            await QuarantineAsync(sale, order);
        }
        else if (movement == "returned")
        {
            await stores.Closing.TryCancelAsync(live[0].OrderId, CancellationToken.None);
        }

        var read = 0;
        var totals = stores.TotalsAuditor(s_atOnce, async () =>
        {
            if (++read == gap)
            {
                await MoveAsync(sale, movement, live[0], order);
            }
        });
        var look = Assert.Single(await totals.LookAsync(sale.Item.SaleId, CancellationToken.None));
        Assert.Empty(look.Findings);
        Assert.True(look.IsKnown);
        Assert.Equal(2, read);
        Assert.True((await sale.LedgerAsync()).Balanced);
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(2, false)]
    public async Task Stock_that_is_added_between_two_reads_is_no_finding(int gap, bool isKnown)
    {
        var sale = await TestSale.OpenAsync(stores, units: 20);
        var read = 0;
        var totals = stores.TotalsAuditor(s_atOnce, async () =>
        {
            if (++read == gap)
            {
                await stores.Changes.ChangeAsync(sale.Item, "more", 5, CancellationToken.None);
            }
        });
        var look = Assert.Single(await totals.LookAsync(sale.Item.SaleId, CancellationToken.None));
        Assert.Empty(look.Findings);
        Assert.Equal(isKnown, look.IsKnown);
    }

    [Theory]
    [InlineData("available +1", BreakKind.Counters)]
    [InlineData("allocated and available +5", BreakKind.Allocation)]
    [InlineData("available +1, held -1", BreakKind.Conservation)]
    [InlineData("available -1, held +1", BreakKind.Conservation)]
    [InlineData("hold released", BreakKind.Conservation)]
    [InlineData("order without a row", BreakKind.Conservation)]
    [InlineData("live +1", BreakKind.Conservation)]
    [InlineData("item gone", BreakKind.StockLost)]
    public async Task Totals_that_do_not_agree_are_found(string how, BreakKind kind)
    {
        var sale = await TestSale.OpenAsync(stores, units: 20);
        var live = await sale.PlaceManyAsync(5);
        Assert.True((await sale.LedgerAsync()).Balanced);
        var state = sale.Keys.State;
        await (how switch
        {
            "available +1" => stores.Redis.HashIncrementAsync(state, "available", 1),
            "allocated and available +5" => stores.Stock.AdjustAsync(sale.Keys, "not in PostgreSQL", 5),
            "available +1, held -1" => Task.WhenAll(
                stores.Redis.HashIncrementAsync(state, "available", 1), stores.Redis.HashIncrementAsync(state, "held", -1)),
            "available -1, held +1" => Task.WhenAll(
                stores.Redis.HashIncrementAsync(state, "available", -1), stores.Redis.HashIncrementAsync(state, "held", 1)),
            "hold released" => stores.Stock.ReleaseAsync(sale.Keys, [live[0].OrderId]),
            "order without a row" => stores.Stock.SettleAsync(sale.Keys, [(await sale.ReserveAsync(9)).OrderId]),
            "live +1" => sale.ExecuteAsync("update sale_items set live = live + 1 where sale_id = @SaleId"),
            _ => (Task)sale.LoseAsync(),
        });
        var look = Assert.Single(await stores.Totals.LookAsync(sale.Item.SaleId, CancellationToken.None));
        Assert.Equal(kind, Assert.Single(look.Findings).Kind);
        Assert.False((await sale.LedgerAsync()).Balanced);
    }

    // An order that arrives after a rebuild is live before its hold is restored.
    [Fact]
    public async Task A_difference_is_not_known_until_it_has_lasted()
    {
        var clock = new FakeTimeProvider();
        var totals = stores.TotalsAuditor(new AuditorOptions { LateOrderMilliseconds = 3_000 }, clock: clock);
        var reader = new LedgerReader(stores.Sales, totals, stores.Audits);
        var sale = await TestSale.OpenAsync(stores, units: 20);
        var live = await sale.PlaceManyAsync(3);
        async Task<bool?> BalancedAsync() => (await reader.ReadAsync(sale.Item.SaleId, CancellationToken.None))!.Balanced;
        Task RestoreAsync(int order) => stores.Holds.RestoreAsync(sale.Keys, [live[order].OrderId], CancellationToken.None);
        Assert.True(await BalancedAsync());

        await stores.Stock.ReleaseAsync(sale.Keys, [live[0].OrderId, live[1].OrderId]);
        Assert.Null(await BalancedAsync());
        Assert.Contains(
            "\"balanced\":null",
            JsonSerializer.Serialize(await reader.ReadAsync(sale.Item.SaleId, CancellationToken.None), LedgerJson.Default.SaleLedger),
            StringComparison.Ordinal);
        clock.Advance(TimeSpan.FromSeconds(2));
        await RestoreAsync(0);
        clock.Advance(TimeSpan.FromSeconds(2));
        // One of the holds came late, so the other may, too.
        Assert.Null(await BalancedAsync());
        await RestoreAsync(1);
        Assert.True(await BalancedAsync());

        await stores.Stock.ReleaseAsync(sale.Keys, [live[2].OrderId]);
        clock.Advance(TimeSpan.FromSeconds(4));
        Assert.Null(await BalancedAsync());
        clock.Advance(TimeSpan.FromSeconds(3));
        Assert.False(await BalancedAsync());
    }

    [Fact]
    public async Task An_item_that_cannot_be_read_hides_no_other_and_its_audit_grows_old()
    {
        var (bad, good) = (await TestSale.OpenAsync(stores), await TestSale.OpenAsync(stores));
        await stores.Redis.HashSetAsync(bad.Keys.State, "available", "many");
        var clock = new FakeTimeProvider();
        using var results = new AuditResults(clock, NullLogger<AuditResults>.Instance);
        for (var round = 0; round < 3; round++)
        {
            clock.Advance(TimeSpan.FromSeconds(20));
            var looks = await stores.Totals.LookAsync(null, CancellationToken.None);
            Assert.NotNull(looks.Single(look => look.Key == bad.Item).Failure);
            Assert.True(looks.Single(look => look.Key == good.Item).IsKnown);
            results.EnterRound([.. looks.Select(look => look.Key)], looks);
            Assert.Equal(20 * round, results.AgeSeconds);
        }

        Assert.Null((await bad.LedgerAsync()).Balanced);
        await bad.LoseAsync();
    }

    [Fact]
    public async Task An_item_is_quiet_once_its_sale_is_over_and_nothing_of_it_can_change()
    {
        var sale = await TestSale.OpenAsync(stores, units: 5);
        var orders = await sale.PlaceManyAsync(2);
        async Task<bool> IsQuietAsync() =>
            !(await stores.Totals.LookAsync(null, CancellationToken.None, withQuietItems: false)).Any(look => look.Key == sale.Item);
        await sale.PayAsync(orders[0], $"pay-{orders[0].OrderId}");
        Assert.False(await IsQuietAsync());
        await stores.Opening.CloseAsync(sale.Item.SaleId, CancellationToken.None);
        Assert.False(await IsQuietAsync());
        await stores.Closing.TryCancelAsync(orders[1].OrderId, CancellationToken.None);
        Assert.False(await IsQuietAsync());
        await sale.ReturnAllAsync();
        Assert.True(await IsQuietAsync());
        Assert.Contains(await stores.Totals.LookAsync(null, CancellationToken.None), look => look.Key == sale.Item);
    }

    private async Task MoveAsync(TestSale sale, string movement, ReservedOrder live, ReservedOrder order)
    {
        switch (movement)
        {
            case "reserved": await sale.ReserveAsync(8, 2); break;
            case "placed": await sale.ConsumeAsync(await sale.ReserveAsync(8, 2)); break;
            case "cancelled": await stores.Closing.TryCancelAsync(live.OrderId, CancellationToken.None); break;
            case "cancelled and returned":
                await stores.Closing.TryCancelAsync(live.OrderId, CancellationToken.None);
                await sale.ReturnAllAsync();
                break;
            case "returned": await sale.ReturnAllAsync(); break;
            case "quarantined": await QuarantineAsync(sale, order); break;
            case "replayed": await sale.ConsumeAsync(order); break;
            default:
                // As place_what_fits does it, without an oversold item that would be a finding.
                await sale.ExecuteAsync(
                    """
                    with rejected as (
                      insert into orders (order_id, sale_id, sku_id, user_id, quantity, unit_price, currency, status, reserved_at, pay_by)
                      select order_id, sale_id, sku_id, user_id, quantity, unit_price, currency, 'rejected', reserved_at, now()
                      from quarantined_orders where sale_id = @SaleId
                      returning order_id, sale_id, sku_id
                    )
                    insert into stock_returns (order_id, sale_id, sku_id) select * from rejected
                    """);
                await sale.ReturnAllAsync();
                break;
        }
    }

    private async Task QuarantineAsync(TestSale sale, ReservedOrder order)
    {
        await stores.Quarantine.AddAsync(sale.Message(order), "test", CancellationToken.None);
        await stores.Stock.SettleAsync(sale.Keys, [order.OrderId]);
    }
}
