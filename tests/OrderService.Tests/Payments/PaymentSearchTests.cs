using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Seckill.OrderService.Payments;
using Seckill.Shared.Schema;
using Seckill.Shared.Security;

namespace Seckill.OrderService.Tests.Payments;

/// <summary>
/// Promise: an order whose buyer has paid does not expire because a notification was lost, and one that is not paid keeps its units no
/// longer than the grace. Against a provider that speaks HTTP.
/// </summary>
[Collection(AllOrders.Name)]
public sealed class PaymentSearchTests(StoreFixture stores) : IAsyncLifetime
{
    private const string Path = "/payments-of/";
    private const int Grace = 600;
    private static readonly PaymentSignature s_signature = new(DevelopmentKeys.Payment, TimeProvider.System);
    private readonly ConcurrentDictionary<string, Func<HttpResponse, Task>> _answers = new();
    private readonly ConcurrentBag<SignatureOutcome> _signatures = [];
    private WebApplication _provider = null!;
    private string _url = "";

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        _provider = builder.Build();
        _provider.MapGet(Path + "{order}", async (string order, HttpContext http) =>
        {
            _signatures.Add(s_signature.Check(
                http.Request.Headers[PaymentSignature.Header], new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(order))));
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            await (_answers.GetValueOrDefault(order)?.Invoke(http.Response) ?? Task.CompletedTask);
        });
        await _provider.StartAsync();
        _url = _provider.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single() + Path
            + PaymentsFeature.OrderIdInUrl;
    }

    public async ValueTask DisposeAsync()
    {
        await _provider.DisposeAsync();
        await stores.Database.ExecuteAsync("delete from payment_search", null, CancellationToken.None);
    }

    [Fact]
    public async Task An_overdue_order_is_paid_if_the_provider_knows_it_expires_if_not_and_waits_for_the_grace_without_an_answer()
    {
        var sale = await TestSale.OpenAsync(stores, units: 4);
        var orders = (await sale.PlaceManyAsync(4)).Select(order => order.OrderId).ToArray();
        var (paid, unpaid, wrong, unknown) = (orders[0], orders[1], orders[2], orders[3]);
        _answers[paid] = Answer(paid, TestSale.Price);
        _answers[wrong] = Answer(wrong, TestSale.Price - 1);
        _answers[unknown] = Status(StatusCodes.Status500InternalServerError);
        await using var api = Shop.NewApi(
            ("Payments:FindUrl", _url), ("Payments:FindGraceSeconds", Grace.ToString(CultureInfo.InvariantCulture)));
        api.StartServer();
        await Eventually.IsTrueAsync(
            "the provider will be asked", async () => await sale.ScalarAsync<int>("select count(*) from payment_search") == 1);
        await sale.MakeOverdueAsync(orders);
        await stores.Closing.ExpireAsync(1_000, CancellationToken.None);

        await Eventually.IsTrueAsync("all but one are decided", async () =>
            (await sale.StatusesAsync()).Values.Count(status => status == "placed") == 1);
        await stores.Closing.ExpireAsync(1_000, CancellationToken.None);
        var statuses = await sale.StatusesAsync();
        Assert.Equal(
            ("paid", "expired", "expired", "placed"), (statuses[paid], statuses[unpaid], statuses[wrong], statuses[unknown]));
        Assert.Equal(1, await sale.CountAsync($"payments where payment_id = 'pay-{paid}' and outcome = 'accepted'"));
        Assert.Equal(1, await sale.CountAsync($"refunds where order_id = '{wrong}' and reason = 'wrong-amount'"));
        Assert.Equal(SignatureOutcome.Valid, Assert.Single(_signatures.Distinct()));

        await sale.ExecuteAsync("update orders set pay_by = now() - @late where order_id = @unknown",
            new { unknown, late = TimeSpan.FromSeconds(Grace + 1) });
        await stores.Closing.ExpireAsync(1_000, CancellationToken.None);
        Assert.Equal("expired", (await sale.StatusesAsync())[unknown]);
    }

    [Fact]
    public async Task No_order_waits_for_a_process_that_has_died()
    {
        var sale = await TestSale.OpenAsync(stores, units: 1);
        var order = Assert.Single(await sale.PlaceManyAsync(1)).OrderId;
        Assert.True(await stores.Payments.TryTakeSearchAsync(Guid.NewGuid(), Grace, CancellationToken.None));
        Assert.False(await stores.Payments.TryTakeSearchAsync(Guid.NewGuid(), Grace, CancellationToken.None));
        await sale.MakeOverdueAsync(order);
        await sale.ExecuteAsync("update orders set pay_by = now() - interval '1 second' where order_id = @order", new { order });
        await stores.Closing.ExpireAsync(1_000, CancellationToken.None);
        Assert.Equal("placed", (await sale.StatusesAsync())[order]);

        await sale.ExecuteAsync("update payment_search set seen_at = now() - interval '20 seconds'");
        await stores.Closing.ExpireAsync(1_000, CancellationToken.None);
        Assert.Equal("expired", (await sale.StatusesAsync())[order]);
        Assert.True(await stores.Payments.TryTakeSearchAsync(Guid.NewGuid(), Grace, CancellationToken.None));
    }

    [Theory]
    [InlineData(200, "no payment")]
    [InlineData(200, "null")]
    [InlineData(200, """{"paymentId":"p","orderId":"another","amount":4999,"currency":"EUR"}""")]
    [InlineData(200, """{"paymentId":"p","orderId":"this","amount":0,"currency":"EUR"}""")]
    [InlineData(200, """{"orderId":"this","amount":4999,"currency":"EUR"}""")]
    [InlineData(302, "")]
    [InlineData(401, "")]
    [InlineData(503, "")]
    public async Task An_answer_that_is_not_as_agreed_decides_nothing(int status, string body)
    {
        _answers["this"] = async response =>
        {
            response.StatusCode = status;
            await response.WriteAsync(body);
        };
        using var provider = new HttpPaymentProvider(s_signature, Options.Create(new PaymentOptions { FindUrl = _url }));
        await Assert.ThrowsAsync<HttpRequestException>(() => provider.FindAsync("this", CancellationToken.None));
        Assert.Null(await provider.FindAsync("that", CancellationToken.None));
    }

    private static Func<HttpResponse, Task> Answer(string order, long amount) => async response =>
    {
        response.StatusCode = StatusCodes.Status200OK;
        await response.WriteAsync(
            $$"""{"paymentId":"pay-{{order}}","orderId":"{{order}}","amount":{{amount}},"currency":"EUR","method":"card"}""");
    };

    private static Func<HttpResponse, Task> Status(int status) => response =>
    {
        response.StatusCode = status;
        return Task.CompletedTask;
    };
}
