using System.Net;

namespace Seckill.InventoryService.Tests.Ledger;

/// <summary>
/// Stock that is changed in mid-sale is changed once, by a request that says what it wants. Broken by a repetition that adds twice, by a
/// refusal that adds later all the same, or by an answer that sends the operator to the wrong lever.
/// </summary>
public sealed class StockEndpointTests(Administration administration)
{
    private const string OneMore = """{"delta":1}""";

    [Fact]
    public async Task The_same_key_changes_the_stock_once()
    {
        var sale = await PlannedSale.OpenAsync(administration);
        for (var time = 0; time < 2; time++)
        {
            Assert.Equal((HttpStatusCode.OK, ""), await ChangeAsync(sale, """{"delta":5}""", "again"));
            Assert.Equal((15, 15), await StockAsync(sale));
        }

        Assert.Equal((HttpStatusCode.UnprocessableEntity, "idempotency-key-reused"), await ChangeAsync(sale, OneMore, "again"));
        Assert.Equal((HttpStatusCode.OK, ""), await ChangeAsync(sale, """{"delta":-15}""", "all-of-it"));
        Assert.Equal((HttpStatusCode.Conflict, "stock-in-use"), await ChangeAsync(sale, """{"delta":-1}""", "one-too-many"));
        Assert.Equal((0, 0), await StockAsync(sale));
    }

    [Theory]
    [InlineData(OneMore, null)]
    [InlineData(OneMore, "")]
    [InlineData(OneMore, "two words")]
    [InlineData("{}", "key")]
    [InlineData("""{"delta":0}""", "key")]
    [InlineData("""{"delta":1000001}""", "key")]
    [InlineData("""{"delta":-1000001}""", "key")]
    [InlineData("""{"delta":2147483648}""", "key")]
    [InlineData("""{"delta":1.5}""", "key")]
    [InlineData("""{"delta":"1"}""", "key")]
    [InlineData("""{"delta":1,"sku":1}""", "key")]
    [InlineData("""{"delta":5,"partial":true}""", "key")]
    [InlineData("""{"delta":-5,"partial":1}""", "key")]
    [InlineData("""{"delta":-5,"partial":null}""", "key")]
    [InlineData("""{"delta":1""", "key")]
    [InlineData("null", "key")]
    public async Task A_mistake_changes_nothing(string json, string? key)
    {
        var sale = await PlannedSale.OpenAsync(administration);
        Assert.Equal((HttpStatusCode.BadRequest, "invalid-request"), await ChangeAsync(sale, json, key));
        Assert.Equal((10, 10), await StockAsync(sale));
    }

    [Fact]
    public async Task The_answer_says_how_many_units_were_changed()
    {
        var sale = await PlannedSale.OpenAsync(administration);
        await sale.ReserveAsync(1, 2);
        for (var time = 0; time < 2; time++)
        {
            Assert.Equal(-8, await ChangedAsync("""{"delta":-500,"partial":true}""", "what-is-left"));
            Assert.Equal(3, await ChangedAsync("""{"delta":3}""", "three-more"));
        }

        Assert.Equal(
            (HttpStatusCode.UnprocessableEntity, "idempotency-key-reused"), await ChangeAsync(sale, """{"delta":-500}""", "what-is-left"));
        Assert.Equal((HttpStatusCode.Conflict, "stock-in-use"), await ChangeAsync(sale, """{"delta":-500,"partial":false}""", "all"));

        async Task<int> ChangedAsync(string json, string key)
        {
            var (status, body, _) = await administration.AskAsync(
                "POST", $"{sale.Path}/items/{PlannedSale.SkuId}/stock", json, idempotencyKey: key);
            Assert.Equal(HttpStatusCode.OK, status);
            Assert.Single(body.GetProperty("items").EnumerateArray());
            return body.GetProperty("changed").GetInt32();
        }
    }

    [Fact]
    public async Task A_body_over_4_KB_is_too_large()
    {
        var sale = await PlannedSale.OpenAsync(administration);
        Assert.Equal(
            (HttpStatusCode.RequestEntityTooLarge, "too-large"),
            await ChangeAsync(sale, OneMore[..^1] + new string(' ', 4096) + "}", "key"));
        Assert.Equal((10, 10), await StockAsync(sale));
    }

    [Fact]
    public async Task An_item_that_is_unknown_or_was_never_opened_is_told_apart()
    {
        var sale = await PlannedSale.CreateAsync(administration);
        Assert.Equal((HttpStatusCode.NotFound, "unknown-item"), await ChangeAsync(sale, OneMore, "key", skuId: 1002));
        Assert.Equal((HttpStatusCode.Conflict, "sale-never-opened"), await ChangeAsync(sale, OneMore, "key"));
    }

    [Fact]
    public async Task No_item_gets_more_units_than_there_may_be()
    {
        var sale = new PlannedSale(administration);
        await administration.DoesAsync("POST", "/sales", sale.Json(("\"allocated\":10", "\"allocated\":999999999")));
        await administration.DoesAsync("POST", sale.Path + "/open");
        Assert.Equal((HttpStatusCode.BadRequest, "invalid-request"), await ChangeAsync(sale, """{"delta":2}""", "two"));
        Assert.Equal((HttpStatusCode.OK, ""), await ChangeAsync(sale, OneMore, "one"));
        Assert.Equal((HttpStatusCode.OK, ""), await ChangeAsync(sale, OneMore, "one"));
        Assert.Equal((1_000_000_000, 1_000_000_000), await StockAsync(sale));
    }

    [Fact]
    public async Task While_an_item_waits_for_its_rebuild_a_change_is_asked_for_again_and_made_once()
    {
        var sale = await PlannedSale.OpenAsync(administration);
        await PlannedSale.Redis.HashSetAsync(sale.Keys.State, "state", "lost");
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "unavailable"), await ChangeAsync(sale, """{"delta":5}""", "patient"));
        await PlannedSale.Redis.HashSetAsync(sale.Keys.State, "state", "open");
        Assert.Equal((HttpStatusCode.OK, ""), await ChangeAsync(sale, """{"delta":5}""", "patient"));
        Assert.Equal((15, 15), await StockAsync(sale));
    }

    [Fact]
    public async Task An_item_that_is_gone_from_Redis_is_not_said_to_be_unopened()
    {
        var sale = await PlannedSale.OpenAsync(administration);
        await PlannedSale.Redis.KeyDeleteAsync(sale.Keys.State);
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "unavailable"), await ChangeAsync(sale, OneMore, "key"));
    }

    private async Task<(HttpStatusCode Status, string Code)> ChangeAsync(
        PlannedSale sale, string json, string? key, long skuId = PlannedSale.SkuId)
    {
        var (status, body, headers) = await administration.AskAsync(
            "POST", $"{sale.Path}/items/{skuId}/stock", json, idempotencyKey: key);
        Assert.Equal(status == HttpStatusCode.ServiceUnavailable, headers.RetryAfter is not null);
        return (status, body.TryGetProperty("code", out var code) ? code.GetString()! : "");
    }

    private static async Task<(int Allocated, int Available)> StockAsync(PlannedSale sale)
    {
        var item = Assert.Single((await sale.LedgerAsync()).GetProperty("items").EnumerateArray());
        Assert.True(item.GetProperty("balanced").GetBoolean(), item.GetRawText());
        return (item.GetProperty("allocated").GetInt32(), item.GetProperty("available").GetInt32());
    }
}
