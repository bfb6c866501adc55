using Seckill.Shared.Stock;

namespace Seckill.InventoryService.Tests.Editing;

/// <summary>
/// Promise: an operator sets the cap of orders and the cool-down with a sale, and changes them at any time, in either direction: they hold
/// from the next click on, and the stores agree. Broken by an edit that is refused because of orders, and by one that drops the other term.
/// </summary>
public sealed class CapEditTests(Administration administration)
{
    [Fact]
    public async Task A_sale_is_created_with_them_and_shown_with_them()
    {
        var sale = new PlannedSale(administration);
        const string Terms = "\"currency\":\"EUR\",\"ordersPerUser\":1000,\"coolDownSeconds\":86400";
        var created = await administration.DoesAsync("POST", "/sales", sale.Json(("\"currency\":\"EUR\"", Terms)));
        Assert.Contains(Terms, created.GetRawText(), StringComparison.Ordinal);
        Assert.Equal(created.GetRawText(), (await administration.DoesAsync("GET", sale.Path)).GetRawText());
        await administration.DoesAsync("POST", sale.Path + "/open");
        Assert.Equal((1000, 86400), await InRedisAsync(sale));
    }

    [Fact]
    public async Task What_is_0_is_none()
    {
        var sale = new PlannedSale(administration);
        const string None = "\"currency\":\"EUR\",\"ordersPerUser\":0,\"coolDownSeconds\":0";
        var created = await administration.DoesAsync("POST", "/sales", sale.Json(("\"currency\":\"EUR\"", None)));
        var preview = await administration.DoesAsync(
            "PATCH", sale.Path + "?dryRun=true", """{"items":[{"skuId":1001,"ordersPerUser":0}]}""");
        Assert.All(
            [created, preview], one => Assert.False(one.GetProperty("items")[0].TryGetProperty("ordersPerUser", out _), one.GetRawText()));
        Assert.False(created.GetProperty("items")[0].TryGetProperty("coolDownSeconds", out _));
    }

    [Fact]
    public async Task They_change_in_mid_sale_each_alone_and_in_both_directions()
    {
        var sale = await PlannedSale.OpenAsync(administration);
        var (_, order) = await sale.ReserveAsync(7);
        await TestItem.Ledger.ReleaseAsync(sale.Keys, [order]);
        await EditAsync("\"coolDownSeconds\":3600");
        Assert.Equal(ReserveOutcome.CoolingDown, (await sale.ReserveAsync(7)).Outcome);
        await EditAsync("\"ordersPerUser\":1");
        Assert.Equal((1, 3600), await InRedisAsync(sale));
        Assert.Equal(ReserveOutcome.OrdersUsedUp, (await sale.ReserveAsync(7)).Outcome);
        await EditAsync("\"ordersPerUser\":2");
        Assert.Equal(ReserveOutcome.CoolingDown, (await sale.ReserveAsync(7)).Outcome);
        await EditAsync("\"limitPerUser\":3");
        Assert.Equal((2, 3600), await InRedisAsync(sale));
        await EditAsync("\"coolDownSeconds\":0");
        Assert.Equal(ReserveOutcome.Reserved, (await sale.ReserveAsync(7)).Outcome);
        Assert.Equal(ReserveOutcome.OrdersUsedUp, (await sale.ReserveAsync(7)).Outcome);
        await EditAsync("\"ordersPerUser\":0");
        Assert.Equal(ReserveOutcome.Reserved, (await sale.ReserveAsync(7)).Outcome);

        Task EditAsync(string term) =>
            administration.DoesAsync("PATCH", sale.Path, $$"""{"items":[{"skuId":1001,{{term}}}]}""");
    }

    private static async Task<(int OrdersPerUser, int CoolDownSeconds)> InRedisAsync(PlannedSale sale)
    {
        var item = (await TestItem.Ledger.InspectAsync(sale.Keys))!;
        return (item.OrdersPerUser, item.CoolDownSeconds);
    }
}
