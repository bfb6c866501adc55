using System.Text.Json;
using Dapper;
using Seckill.Shared.Stock;

namespace Seckill.InventoryService.Tests.Ledger;

/// <summary>
/// The ledger is how anybody sees that no unit was lost or invented. It must balance at every step of an order, and must not balance
/// when somebody changes one counter behind its back.
/// </summary>
public sealed class LedgerTests(Administration administration)
{
    [Fact]
    public async Task A_sale_that_was_never_opened_has_all_of_its_units()
    {
        var sale = await PlannedSale.CreateAsync(administration);
        Assert.Equal(Expected(available: 10), Item(await sale.LedgerAsync()));
    }

    [Fact]
    public async Task It_balances_at_every_step_of_an_order()
    {
        var sale = await PlannedSale.OpenAsync(administration);
        Assert.Equal(Expected(available: 10), Item(await sale.LedgerAsync()));
        var (first, second) = (await sale.ReserveAsync(7, 2), await sale.ReserveAsync(8));
        Assert.Equal(Expected(available: 7, reserved: 3), Item(await sale.LedgerAsync()));

        await PlaceAsync(sale, first.OrderId, 7, 2);
        Assert.Equal(Expected(available: 7, reserved: 1, placed: 2), Item(await sale.LedgerAsync()));
        await TestItem.Ledger.SettleAsync(sale.Keys, [first.OrderId]);
        Assert.Equal(Expected(available: 7, reserved: 1, placed: 2), Item(await sale.LedgerAsync()));

        await PlaceAsync(sale, second.OrderId, 8, 1);
        await TestItem.Ledger.SettleAsync(sale.Keys, [second.OrderId]);
        await ExecuteAsync("update orders set status = 'paid' where order_id = @order", new { order = first.OrderId });
        Assert.Equal(Expected(available: 7, placed: 1, paid: 2), Item(await sale.LedgerAsync()));
    }

    [Fact]
    public async Task It_balances_whenever_it_is_read_while_orders_move()
    {
        var sale = await PlannedSale.OpenAsync(administration);
        var moving = Task.Run(async () =>
        {
            for (var user = 1; user <= 10; user++)
            {
                var (_, order) = await sale.ReserveAsync(user);
                await PlaceAsync(sale, order, user, 1);
                await TestItem.Ledger.SettleAsync(sale.Keys, [order]);
            }
        });
        do
        {
            Assert.True((await sale.LedgerAsync()).GetProperty("balanced").GetBoolean());
        }
        while (!moving.IsCompleted);
        await moving;
        Assert.Equal(Expected(available: 0, placed: 10), Item(await sale.LedgerAsync()));
    }

    [Theory]
    [InlineData("available", 1)]
    [InlineData("available", -1)]
    [InlineData("held", 1)]
    [InlineData("held", -1)]
    [InlineData("allocated", 1)]
    public async Task It_does_not_balance_when_a_counter_in_Redis_was_changed(string counter, int by)
    {
        var sale = await PlannedSale.OpenAsync(administration);
        await sale.ReserveAsync(7);
        await PlannedSale.Redis.HashIncrementAsync(sale.Keys.State, counter, by);
        Assert.Contains("\"balanced\":false", Item(await sale.LedgerAsync()), StringComparison.Ordinal);
        Assert.False((await sale.LedgerAsync()).GetProperty("balanced").GetBoolean());
        await PlannedSale.Redis.HashIncrementAsync(sale.Keys.State, counter, -by);
        Assert.True((await sale.LedgerAsync()).GetProperty("balanced").GetBoolean());
    }

    [Fact]
    public async Task It_does_not_balance_when_a_row_was_counted_twice()
    {
        var sale = await PlannedSale.OpenAsync(administration);
        var (_, order) = await sale.ReserveAsync(7);
        await PlaceAsync(sale, order, 7, 1);
        Assert.True((await sale.LedgerAsync()).GetProperty("balanced").GetBoolean());
        await ExecuteAsync("update sale_items set live = live + 1 where sale_id = @Id", new { sale.Id });
        Assert.False((await sale.LedgerAsync()).GetProperty("balanced").GetBoolean());
    }

    [Fact]
    public async Task It_does_not_balance_when_an_order_left_the_outbox_without_a_row()
    {
        var sale = await PlannedSale.OpenAsync(administration);
        var (_, order) = await sale.ReserveAsync(7);
        await TestItem.Ledger.SettleAsync(sale.Keys, [order]);
        Assert.False((await sale.LedgerAsync()).GetProperty("balanced").GetBoolean());
    }

    [Fact]
    public async Task It_adds_up_more_units_than_fit_32_bits()
    {
        var sale = await PlannedSale.OpenAsync(administration);
        await ExecuteAsync(
            """
            insert into orders (order_id, sale_id, sku_id, user_id, quantity, unit_price, currency, status, reserved_at, pay_by)
            select i.number || lpad(to_hex(n), 24, '0'), @Id, 1001, n, 1000000000, 4999, 'EUR', 'rejected', now(), now()
            from (select lpad(to_hex(item_number), 8, '0') as number from sale_items where sale_id = @Id) i, generate_series(1, 3) n
            """,
            new { sale.Id });
        var item = Assert.Single((await sale.LedgerAsync()).GetProperty("items").EnumerateArray());
        Assert.Equal((3_000_000_000, true), (item.GetProperty("rejected").GetInt64(), item.GetProperty("balanced").GetBoolean()));
    }

    private static string Expected(int available, int reserved = 0, int placed = 0, int paid = 0) =>
        $$"""{"skuId":1001,"allocated":10,"available":{{available}},"reserved":{{reserved}},"placed":{{placed}},"paid":{{paid}},"""
        + "\"returned\":0,\"rejected\":0,\"balanced\":true}";

    private static string Item(JsonElement ledger) => Assert.Single(ledger.GetProperty("items").EnumerateArray()).GetRawText();

    // What the worker of the other service does, in the same one statement.
    private static Task PlaceAsync(PlannedSale sale, string order, long user, int quantity) => ExecuteAsync(
        """
        with placed as (
          insert into orders (order_id, sale_id, sku_id, user_id, quantity, unit_price, currency, status, reserved_at, pay_by)
          values (@order, @Id, 1001, @user, @quantity, 4999, 'EUR', 'placed', now(), now())
          returning quantity
        )
        update sale_items set live = live + (select sum(quantity) from placed) where sale_id = @Id
        """,
        new { order, sale.Id, user, quantity });

    private static async Task ExecuteAsync(string sql, object parameters)
    {
        await using var connection = await Servers.Orders.OpenConnectionAsync();
        await connection.ExecuteAsync(sql, parameters);
    }
}
