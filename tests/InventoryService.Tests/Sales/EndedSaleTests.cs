using System.Globalization;
using System.Text.RegularExpressions;
using Dapper;
using Seckill.Tests.Harness.Clients;
using Seckill.Tests.Harness.Processes;

namespace Seckill.InventoryService.Tests.Sales;

/// <summary>
/// Promise: sales that have ended cost Redis nothing: an idle service with 400 of their items sends as many script calls as one that never
/// had a sale. Broken by any loop that goes through all items ever sold; before, each cost 6.6 calls a second. And an emptied Redis is
/// noticed for them, too. A Redis and a database of its own, because other tests use the others.
/// </summary>
[Collection(AllOrders.Name)]
public sealed partial class EndedSaleTests(ITestOutputHelper output)
{
    private const int Items = 400;
    private static readonly TimeSpan s_window = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task Four_hundred_items_of_an_ended_sale_cost_no_script_call_and_are_missed_when_Redis_is_emptied()
    {
        await using var stores = await OwnStores.StartAsync();
        await using var installation = new Installation();
        var inventory = installation.StartInventory(stores.Settings);
        await Installation.ReadyAsync(inventory);
        var empty = await ScriptCallsAsync(stores);
        var sale = await Sale.OpenAsync(inventory, units: 10, items: Items);
        var open = await ScriptCallsAsync(stores);
        await Operator.AskAsync(inventory, HttpMethod.Post, $"/sales/{sale.Id}/close");
        var took = await Eventually.IsTrueAsync(
            "all items are at rest", async () => await CountAsync(stores, "rested_at is not null") == Items, TimeSpan.FromMinutes(3));
        await Task.Delay(TimeSpan.FromSeconds(2));
        var ended = await ScriptCallsAsync(stores);
        output.WriteLine($"Script calls a second: {empty:0.0} empty, {open:0.0} open, {ended:0.0} at rest, after {took.TotalSeconds:0} s.");
        Assert.InRange(ended, 0, empty * 1.1 + 2 / s_window.TotalSeconds);
        Assert.True(open > 100 * (empty + 1), "The open items are looked at.");

        await stores.EmptyAsync();
        // Some are rebuilt before others are stopped.
        await Eventually.IsTrueAsync(
            "the loss is noticed", async () => await CountAsync(stores, "lost_at is not null or epoch > 1") == Items);
    }

    private static async Task<long> CountAsync(OwnStores stores, string which)
    {
        await using var connection = await stores.Connections.Orders.OpenConnectionAsync();
        return await connection.ExecuteScalarAsync<long>($"select count(*) from sale_items where {which}");
    }

    // A second.
    private static async Task<double> ScriptCallsAsync(OwnStores stores)
    {
        var before = await ReadAsync();
        await Task.Delay(s_window);
        return (await ReadAsync() - before) / s_window.TotalSeconds;

        async Task<double> ReadAsync() =>
            Scripts().Matches((string)(await stores.Connections.Redis.ExecuteAsync("INFO", "commandstats"))!)
                .Sum(match => double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture));
    }

    [GeneratedRegex(@"cmdstat_eval(?:sha)?:calls=(\d+)")]
    private static partial Regex Scripts();
}
