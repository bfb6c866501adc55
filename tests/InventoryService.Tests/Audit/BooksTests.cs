using System.Net;
using System.Text.Json;
using Dapper;
using Seckill.InventoryService.Audit;
using Seckill.Shared.Stock;

namespace Seckill.InventoryService.Tests.Audit;

/// <summary>
/// What an operator sees and does when the audit finds broken equations, or when Redis lost data: over HTTP, in metrics and in the detail
/// of readiness. What the audit finds, and that the rebuild is right, is tested beside the life of orders.
/// </summary>
public sealed class BooksTests(Administration administration)
{
    [Fact]
    public async Task A_break_is_shown_everywhere_until_it_is_repaired()
    {
        var sale = await PlannedSale.OpenAsync(administration);
        await sale.ReserveAsync(7, 2);
        Assert.Equal(
            $$"""{"saleId":{{sale.Id}},"balanced":true,"items":[{"skuId":1001,"balanced":true,"findings":[]}]}""",
            (await administration.DoesAsync("POST", sale.Path + "/audit")).GetRawText());

        // Seen by the audit alone: the counts of the ledger do not know the buyers.
        await PlannedSale.Redis.HashIncrementAsync(sale.Keys.Buyers, 7, 1);
        const string Finding = """{"kind":"buyer","userId":7,"expected":2,"actual":3}""";
        Assert.Equal(
            $$"""{"saleId":{{sale.Id}},"balanced":false,"items":[{"skuId":1001,"balanced":false,"findings":[{{Finding}}]}]}""",
            (await administration.DoesAsync("POST", sale.Path + "/audit")).GetRawText());
        Assert.False((await sale.LedgerAsync()).GetProperty("balanced").GetBoolean());
        var books = await BooksCheckAsync();
        Assert.Equal("healthy", books.GetProperty("status").GetString());
        Assert.Contains("broken equations", books.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal(
            [sale.Keys.Item.ToString()],
            books.GetProperty("data").GetProperty("unbalanced").EnumerateArray().Select(item => item.GetString()));
        Assert.Contains("seckill_audit_unbalanced{} 1", await MetricsAsync(), StringComparison.Ordinal);
        Assert.Contains("seckill_audit_findings{kind=\"buyer\"} 1", await MetricsAsync(), StringComparison.Ordinal);

        var repaired = await administration.DoesAsync("POST", sale.Path + "/audit?repair=true");
        Assert.True(repaired.GetProperty("balanced").GetBoolean());
        Assert.Contains("\"repair\":\"derived from the buyer", repaired.GetRawText(), StringComparison.Ordinal);
        Assert.True((await sale.LedgerAsync()).GetProperty("balanced").GetBoolean());
        Assert.Contains("seckill_audit_unbalanced{} 0", await MetricsAsync(), StringComparison.Ordinal);
        Assert.Contains("seckill_audit_repairs_total{kind=\"buyer\"} 1", await MetricsAsync(), StringComparison.Ordinal);
        await using var connection = await Servers.Orders.OpenConnectionAsync();
        Assert.Equal(
            ("buyer", 7L, true),
            await connection.QuerySingleAsync<(string, long, bool)>(
                "select kind, user_id, done_at is not null from audit_repairs where sale_id = @Id", new { sale.Id }));
    }

    [Fact]
    public async Task A_sale_that_Redis_lost_is_rebuilt_by_hand()
    {
        var sale = await PlannedSale.OpenAsync(administration);
        await sale.ReserveAsync(7);
        await PlannedSale.Redis.KeyDeleteAsync([sale.Keys.State, sale.Keys.Buyers, sale.Keys.Holds, sale.Keys.Outbox, sale.Keys.Orders]);
        var audit = await administration.DoesAsync("POST", sale.Path + "/audit?repair=true");
        Assert.Contains("\"stock-lost\"", audit.GetRawText(), StringComparison.Ordinal);
        Assert.False((await sale.LedgerAsync()).GetProperty("balanced").GetBoolean());

        await administration.DoesAsync("POST", sale.Path + "/rebuild?wait=true");
        Assert.Equal(ReserveOutcome.Reserved, (await sale.ReserveAsync(8)).Outcome);
        Assert.True((await administration.DoesAsync("POST", sale.Path + "/audit")).GetProperty("balanced").GetBoolean());
        Assert.True((await sale.LedgerAsync()).GetProperty("balanced").GetBoolean());
    }

    [Fact]
    public async Task An_order_that_is_not_in_PostgreSQL_yet_is_not_forgotten_by_a_rebuild()
    {
        var sale = await PlannedSale.OpenAsync(administration);
        var (_, order) = await sale.ReserveAsync(7);
        await administration.RefusesAsync(HttpStatusCode.Conflict, "rebuild-failed", "POST", sale.Path + "/rebuild?wait=true");
        Assert.StartsWith(
            "Accepted orders have not reached PostgreSQL yet.",
            (await administration.DoesAsync("GET", sale.Path + "/rebuild")).GetProperty("items")[0].GetProperty("error").GetString(),
            StringComparison.Ordinal);
        Assert.Equal(ReserveOutcome.UnknownItem, (await sale.ReserveAsync(8)).Outcome);
        Assert.NotNull(await TestItem.Ledger.FindHoldAsync(sale.Keys, order));
    }

    [Fact]
    public async Task A_repair_is_refused_while_another_process_rebuilds_or_repairs()
    {
        var sale = await PlannedSale.OpenAsync(administration);
        var path = sale.Path + "/audit?repair=true";
        await using (await ItemLock.TryTakeAsync(Servers.Orders, sale.Keys.Item, CancellationToken.None))
        {
            await administration.RefusesAsync(HttpStatusCode.Conflict, "repair-running", "POST", path);
        }

        await administration.DoesAsync("POST", path);
    }

    [Theory]
    [InlineData("/audit")]
    [InlineData("/rebuild")]
    public async Task A_sale_that_does_not_exist_is_unknown(string path) => await administration.RefusesAsync(
        HttpStatusCode.NotFound, "unknown-sale", "POST", new PlannedSale(administration).Path + path);

    [Fact]
    public async Task A_sale_that_was_never_opened_has_nothing_to_rebuild()
    {
        var sale = await PlannedSale.CreateAsync(administration);
        await administration.RefusesAsync(HttpStatusCode.Conflict, "sale-never-opened", "POST", sale.Path + "/rebuild");
        Assert.True((await administration.DoesAsync("POST", sale.Path + "/audit")).GetProperty("balanced").GetBoolean());
    }

    private async Task<JsonElement> BooksCheckAsync()
    {
        using var client = administration.CreateClient();
        return JsonDocument.Parse(await client.GetStringOfAsync("/health/ready")).RootElement
            .GetProperty("checks").EnumerateArray().Single(check => check.GetProperty("name").GetString() == "books");
    }

    private async Task<string> MetricsAsync()
    {
        using var client = administration.CreateClient();
        return await client.GetStringOfAsync("/metrics");
    }
}
