using System.Globalization;
using Seckill.OrderService.Tests.Storefront;
using Seckill.Shared.Security;
using Seckill.Tests.Harness.Processes;

namespace Seckill.OrderService.Tests.Overload;

/// <summary>
/// Promise: a click that is counted in is counted out however it ends: also when its buyer leaves, and when Redis cannot be asked. Each one
/// that is not takes room from everyone, until the instance admits nobody. The relay makes Redis silent, so nothing else ends a click.
/// </summary>
public sealed class CountedClickTests : IAsyncLifetime
{
    private readonly Relay _redis = Relay.ToRedis();
    private readonly long _user = TestItem.NewId() >> 1;
    private CrowdedStorefront _storefront = null!;

    public async ValueTask InitializeAsync() => _storefront = await CrowdedStorefront.StartAsync(
        null, ("ConnectionStrings:Redis", _redis.Setting.Value + ",asyncTimeout=60000"));

    public async ValueTask DisposeAsync()
    {
        _redis.Resume();
        await _storefront.DisposeAsync();
        await _redis.DisposeAsync();
    }

    [Fact]
    public async Task A_buyer_who_leaves_while_the_click_waits_is_counted_out()
    {
        var item = await TestItem.OpenAsync();
        Assert.Equal(202, (await _storefront.ClickAsync(item, _user)).Status);
        await LeaveAsync(item, null);
    }

    [Fact]
    public async Task A_buyer_with_a_pass_who_leaves_while_the_click_waits_is_counted_out()
    {
        var sale = await QueuedSale.OpenAsync(_storefront.Host, TimeSpan.FromHours(-1));
        await sale.RegisterAsync(_user);
        var pass = await sale.PassAsync(_user);
        // So that the item is known here.
        Assert.Equal((403, "pass-required"), QueuedSale.Refusal(await sale.OrderAsync(_user, null)));
        await LeaveAsync(sale.Item, pass);
    }

    [Fact]
    public async Task A_click_for_an_item_that_cannot_be_looked_up_is_counted_out()
    {
        var item = await TestItem.OpenAsync();
        _redis.Refuse();
        Assert.Equal((503, "unavailable"), await _storefront.ClickAsync(item, _user));
        await Eventually.IsTrueAsync("no click is in flight", () => _storefront.Controller.InFlight == 0);
    }

    private async Task LeaveAsync(TestItem item, string? pass)
    {
        await Eventually.IsTrueAsync("no click is in flight", () => _storefront.Controller.InFlight == 0);
        _redis.Freeze();
        using var client = _storefront.Host.ClientOf(_user);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/orders");
        request.Content = Shop.Json(string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"saleId":{{item.Key.SaleId}},"skuId":{{item.Key.SkuId}},"quantity":1}"""));
        if (pass is not null)
        {
            request.Headers.Add(SalePass.Header, pass);
        }

        using var leaves = new CancellationTokenSource();
        var click = client.SendAsync(request, leaves.Token);
        await Eventually.IsTrueAsync("the click is in flight", () => _storefront.Controller.InFlight == 1);
        await leaves.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => click);
        await Eventually.IsTrueAsync("no click is in flight", () => _storefront.Controller.InFlight == 0);
    }
}
