using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;
using Seckill.InventoryService.Archive;
using Seckill.InventoryService.Buyers;
using Seckill.InventoryService.Ledger;
using Seckill.InventoryService.Sales;
using Seckill.Shared.Contracts;
using Seckill.Shared.Stock;

namespace Seckill.InventoryService.Tests.Archive;

/// <summary>
/// Promise: a sale is archived when nothing of it can change, its export has everything of it, and Redis has nothing of it afterwards; no
/// loop takes that for a loss. Broken by an archive of what is not settled, by keys that stay or come back, and by a late call that makes
/// an item of an archived sale.
/// </summary>
[Collection(AllOrders.Name)]
public sealed class ArchiveTests(StoreFixture stores)
{
    private SaleArchiver Archiver => new(stores.Database, stores.Rows, stores.Auditor, stores.Rest, stores.Stock, stores.Catalog,
        new(Servers.Redis));

    [Fact]
    public async Task A_sale_is_archived_only_when_nothing_of_it_can_change()
    {
        var sale = await TestSale.OpenAsync(stores, units: 10);
        var reserved = await sale.ReserveAsync(1);
        await RefusesAsync(sale, "The sale is open: close it first.");
        await stores.Opening.CloseAsync(sale.Item.SaleId, CancellationToken.None);
        await RefusesAsync(sale, "has orders in its outbox");
        await sale.ConsumeAsync(reserved);
        await RefusesAsync(sale, "has 1 units in orders that are not paid");
        await stores.Closing.TryCancelAsync(reserved.OrderId, CancellationToken.None);
        await RefusesAsync(sale, "whose stock is coming back");
        await ReturnAsync(sale);
        await stores.Redis.HashSetAsync(sale.Keys.State, "held", 1);
        await RefusesAsync(sale, "an audit of it is not clean");
        await stores.Redis.HashSetAsync(sale.Keys.State, "held", 0);
        Assert.Equal((true, false), await IsListedAsync(sale));
        Assert.NotNull((await Archiver.ArchiveAsync(sale.Item.SaleId, "ops", CancellationToken.None)).Archive);
        Assert.Equal((false, true), await IsListedAsync(sale));
        Assert.Equal((null, 0), await Archiver.ArchiveAsync(TestItem.NewId(), "ops", CancellationToken.None) is var (none, reasons)
            ? (none, reasons.Count) : default);
    }

    [Fact]
    public async Task The_export_has_everything_and_names_no_buyer_and_Redis_has_nothing()
    {
        var (sale, orders) = await SettledAsync();
        var archive = (await Archiver.ArchiveAsync(sale.Item.SaleId, "ops", CancellationToken.None)).Archive!;
        var export = await ExportAsync(sale);
        Assert.Equal(
            (archive.Sha256, archive.Bytes, 4L), (Convert.ToHexStringLower(SHA256.HashData(export)), export.Length, archive.Orders));
        var lines = System.Text.Encoding.UTF8.GetString(export).TrimEnd('\n').Split('\n')
            .Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.Equal(archive.Lines, lines.Count);
        Assert.Equal(
            ["item 1", "ledger 1", "order 4", "payment 3", "refund 1", "sale 1"],
            lines.GroupBy(line => line.GetProperty("type").GetString()).Select(type => $"{type.Key} {type.Count()}").Order());
        Assert.Equal(
            orders.Select(order => order.OrderId).Order(StringComparer.Ordinal),
            lines.Where(line => line.GetProperty("type").GetString() == "order").Select(line => line.GetProperty("orderId").GetString()));
        Assert.All(lines, line => Assert.DoesNotContain(line.EnumerateObject(), member => member.Name.Contains("user")));
        var ledger = lines.Single(line => line.GetProperty("type").GetString() == "ledger");
        Assert.Equal((10, 8, 2, 2), (Units("allocated"), Units("available"), Units("paid"), Units("returned")));

        Assert.Empty(Servers.Redis.GetServers()[0].Keys(pattern: $"*{{{sale.Item}}}*"));
        Assert.Null(await stores.Catalog.FindSaleAsync(sale.Item.SaleId));
        Assert.DoesNotContain(sale.Item, await stores.Catalog.ItemsAsync());

        int Units(string member) => ledger.GetProperty(member).GetInt32();
    }

    [Fact]
    public async Task An_archived_sale_stays_archived_whatever_comes_late()
    {
        var (sale, orders) = await SettledAsync();
        var late = sale.Message(orders[0] with { OrderId = orders[0].OrderId[..31] + (orders[0].OrderId[31] == '0' ? '1' : '0') });
        var first = await Archiver.ArchiveAsync(sale.Item.SaleId, "ops", CancellationToken.None);
        Assert.Equal(OpeningOutcome.Archived, await stores.Opening.OpenAsync(sale.Item.SaleId, CancellationToken.None));
        Assert.Equal(OpeningOutcome.Archived, await stores.Opening.CloseAsync(sale.Item.SaleId, CancellationToken.None));
        Assert.Equal(
            StockChangeOutcome.NeverOpened,
            (await stores.Changes.ChangeAsync(new StockChange(sale.Item, "late", 5), CancellationToken.None)).Outcome);
        await Assert.ThrowsAsync<PostgresException>(() => sale.ExecuteAsync(
            "insert into stock_changes (sale_id, sku_id, idempotency_key, delta) values (@SaleId, 1001, 'late', 5)"));
        await Assert.ThrowsAsync<PostgresException>(() => stores.Orders.PlaceAsync(late, CancellationToken.None));
        // As a process of an older version opens it.
        await Assert.ThrowsAsync<PostgresException>(() => sale.ExecuteAsync("update sales set state = 'open' where sale_id = @SaleId"));
        await stores.Losses.WatchAsync(CancellationToken.None);
        await stores.Rest.LookAtOneAsync(CancellationToken.None);
        Assert.Equal(0, await sale.CountAsync("sale_items where sale_id = @SaleId and (lost_at is not null or warmed_at is not null)"));
        Assert.Equal(ReserveOutcome.UnknownItem, (await sale.TryReserveAsync(9)).Outcome);
        Assert.Empty(Servers.Redis.GetServers()[0].Keys(pattern: $"*{{{sale.Item}}}*"));
        var again = await Archiver.ArchiveAsync(sale.Item.SaleId, "another", CancellationToken.None);
        Assert.Equal(first.Archive, again.Archive);
    }

    [Fact]
    public async Task What_a_dead_process_left_in_Redis_is_removed_by_the_next_round()
    {
        var (sale, _) = await SettledAsync();
        var number = (await sale.AuditedAsync()).Number;
        await Archiver.ArchiveAsync(sale.Item.SaleId, "ops", CancellationToken.None);
        await stores.Redis.HashSetAsync(sale.Keys.State, "available", 8);
        await stores.Catalog.AddNumberAsync(number, sale.Item);
        await sale.ExecuteAsync("update sale_archives set removed_at = null where sale_id = @SaleId");
        using var schedule = Schedule(new ArchiveOptions());
        await schedule.RunAsync(CancellationToken.None);
        Assert.Empty(Servers.Redis.GetServers()[0].Keys(pattern: $"*{{{sale.Item}}}*"));
        Assert.DoesNotContain(sale.Item, await stores.Catalog.ItemsAsync());
        Assert.Equal(1, await sale.CountAsync("sale_archives where sale_id = @SaleId and removed_at is not null"));
    }

    [Fact]
    public async Task A_sale_is_archived_by_itself_some_days_after_its_end_and_not_before()
    {
        var (sale, _) = await SettledAsync();
        await stores.Losses.WatchAsync(CancellationToken.None);
        var audited = await sale.AuditedAsync();
        Assert.True(await stores.Rest.TryRestAsync(audited, (await stores.Rest.FindStillAsync(audited))!, CancellationToken.None));
        using var schedule = Schedule(new ArchiveOptions { AfterDays = 3 });
        await schedule.RunAsync(CancellationToken.None);
        Assert.Null(await Archiver.FindAsync(sale.Item.SaleId, CancellationToken.None));
        // An end of long ago, in both stores, as an edit would have made it.
        await sale.ExecuteAsync(
            "update sales set opens_at = now() - interval '5 days', closes_at = now() - interval '4 days' where sale_id = @SaleId");
        audited = await sale.AuditedAsync();
        await stores.Stock.EditAsync(sale.Keys, audited.Plan, ItemState.Closed);
        Assert.True(await stores.Rest.TryRestAsync(audited, (await stores.Rest.FindStillAsync(audited))!, CancellationToken.None));
        await schedule.RunAsync(CancellationToken.None);
        Assert.Equal("schedule", (await Archiver.FindAsync(sale.Item.SaleId, CancellationToken.None))!.ArchivedBy);
    }

    [Fact]
    public async Task A_buyer_is_forgotten_in_archived_sales_and_in_the_others_once_they_are_archived()
    {
        var buyer = TestItem.NewId();
        var ((old, _), (recent, _)) = (await SettledAsync(buyer), await SettledAsync(buyer));
        await Archiver.ArchiveAsync(old.Item.SaleId, "ops", CancellationToken.None);
        var export = await ExportAsync(old);
        Assert.Equal(new ErasedBuyer(0, 4, false), await Erasure(days: 1).RequestAsync(buyer, CancellationToken.None));
        Assert.Equal(new ErasedBuyer(2, 2, false), await Erasure(days: 0).RequestAsync(buyer, CancellationToken.None));
        Assert.Contains(buyer, await Erasure(days: 0).WaitingAsync(CancellationToken.None));
        Assert.Equal(2, await old.CountAsync("orders where sale_id = @SaleId and user_id = erased_buyer()"));
        Assert.Equal(export, await ExportAsync(old));
        Assert.Equal(4, await old.CountAsync("orders where sale_id = @SaleId"));
        await Archiver.ArchiveAsync(recent.Item.SaleId, "ops", CancellationToken.None);
        Assert.Equal(new ErasedBuyer(2, 0, true), await Erasure(days: 0).EraseAsync(buyer, CancellationToken.None));
        Assert.DoesNotContain(buyer, await Erasure(days: 0).WaitingAsync(CancellationToken.None));
    }

    private BuyerErasure Erasure(int days) => new(stores.Database, Options.Create(new BuyerOptions { RetentionDays = days }));

    private ArchiveSchedule Schedule(ArchiveOptions options) =>
        new(Archiver, Options.Create(options), TimeProvider.System, NullLogger<ArchiveSchedule>.Instance);

    private async Task RefusesAsync(TestSale sale, string reason)
    {
        var (archive, reasons) = await Archiver.ArchiveAsync(sale.Item.SaleId, "ops", CancellationToken.None);
        Assert.Null(archive);
        Assert.Contains(reasons, one => one.Contains(reason, StringComparison.Ordinal));
        Assert.NotNull(await sale.InspectAsync());
        Assert.Equal(0, await sale.CountAsync("sale_archives where sale_id = @SaleId"));
    }

    // Two paid orders and two that were cancelled, one of which was paid too late; closed.
    private async Task<(TestSale Sale, ReservedOrder[] Orders)> SettledAsync(long buyer = 1)
    {
        var sale = await TestSale.OpenAsync(stores, units: 10);
        ReservedOrder[] orders =
            [await sale.ReserveAsync(buyer), await sale.ReserveAsync(buyer), await sale.ReserveAsync(3), await sale.ReserveAsync(4)];
        await sale.ConsumeAsync(orders);
        await sale.PayAsync(orders[0], Guid.NewGuid().ToString("N"));
        await sale.PayAsync(orders[1], Guid.NewGuid().ToString("N"));
        await stores.Closing.TryCancelAsync(orders[2].OrderId, CancellationToken.None);
        await stores.Closing.TryCancelAsync(orders[3].OrderId, CancellationToken.None);
        await sale.PayAsync(orders[3], Guid.NewGuid().ToString("N"));
        await ReturnAsync(sale);
        await stores.Opening.CloseAsync(sale.Item.SaleId, CancellationToken.None);
        return (sale, orders);
    }

    private static async Task ReturnAsync(TestSale sale)
    {
        await sale.ReturnAllAsync();
        await sale.AllReturnedAsync();
    }

    // Among the sales that are not archived, and among those that are.
    private async Task<(bool, bool)> IsListedAsync(TestSale sale)
    {
        return (await HasAsync(archived: false), await HasAsync(archived: true));

        async Task<bool> HasAsync(bool archived) =>
            (await stores.Sales.ListAsync(null, archived, 1_000, CancellationToken.None)).Any(one => one.SaleId == sale.Item.SaleId);
    }

    private async Task<byte[]> ExportAsync(TestSale sale)
    {
        await using var connection = await stores.Database.OpenConnectionAsync();
        var bytes = new List<byte>();
        await foreach (var piece in SaleArchiver.PiecesAsync(connection, sale.Item.SaleId, CancellationToken.None))
        {
            bytes.AddRange(piece);
        }

        return [.. bytes];
    }
}
