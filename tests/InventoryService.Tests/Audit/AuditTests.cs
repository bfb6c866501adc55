using Dapper;
using Seckill.InventoryService.Audit;
using Seckill.Shared.Contracts;
using Seckill.Shared.Stock;
using StackExchange.Redis;

namespace Seckill.InventoryService.Tests.Audit;

/// <summary>
/// Promise: a broken equation is found, whichever store it is broken in, and the repair makes exactly what was there before. Each is
/// broken on purpose here, in the real stores, because the audit is made of what they answer to interleaved reads.
/// </summary>
[Collection(AllOrders.Name)]
public sealed class AuditTests(StoreFixture stores)
{
    public static TheoryData<string, BreakKind[]> Breaks => new()
    {
        { "available +1", [BreakKind.Counters] },
        { "available -1", [BreakKind.Counters] },
        { "held +1", [BreakKind.Counters, BreakKind.Held] },
        { "held -1", [BreakKind.Counters, BreakKind.Held] },
        { "allocated +1", [BreakKind.Allocation, BreakKind.Counters] },
        { "allocated and available +5", [BreakKind.Allocation] },
        { "available +1, held -1", [BreakKind.Held] },
        { "hold deleted", [BreakKind.Buyer, BreakKind.Held, BreakKind.MissingHold] },
        { "hold released", [BreakKind.MissingHold] },
        { "hold of two units", [BreakKind.Buyer, BreakKind.Held, BreakKind.WrongHold] },
        { "hold of a returned order", [BreakKind.Buyer, BreakKind.Held, BreakKind.LeftoverHold] },
        { "buyer +1", [BreakKind.Buyer] },
        { "buyer deleted", [BreakKind.Buyer] },
        { "buyer without holds", [BreakKind.Buyer] },
        { "list of orders deleted", [BreakKind.Buyer] },
        { "entry without hold", [BreakKind.OrphanEntry] },
        { "ledger +1", [BreakKind.Ledger] },
        { "ledger -1", [BreakKind.Ledger] },
    };

    [Theory]
    [MemberData(nameof(Breaks))]
    public async Task A_broken_equation_is_found_and_repaired_exactly(string how, BreakKind[] kinds)
    {
        var (sale, live, returned, _) = await MovingAsync();
        Assert.Empty((await AuditAsync(sale)).Findings);
        var before = await DumpAsync(sale);
        await BreakAsync(sale, how, live, returned);
        Assert.NotEqual(before, await DumpAsync(sale));

        var found = await AuditAsync(sale);
        Assert.Equal(kinds.Order(), found.Findings.Select(finding => finding.Kind).Distinct().Order());
        Assert.Equal(how is "hold released" or "hold of a returned order", found.HasLostWrites);
        Assert.False((await sale.LedgerAsync()).Balanced);

        var (after, repaired) = (await stores.AuditRepair.RepairAsync(await sale.AuditedAsync(), false, CancellationToken.None))!.Value;
        Assert.Empty(after.Findings);
        Assert.Equal(before, await DumpAsync(sale));
        Assert.NotEmpty(repaired);
        Assert.Equal(repaired.Count, await sale.CountAsync("audit_repairs where sale_id = @SaleId and done_at is not null"));
        Assert.True((await sale.LedgerAsync()).Balanced);
    }

    [Fact]
    public async Task An_order_from_before_PostgreSQLs_clock_was_set_back_is_not_too_young_to_be_audited()
    {
        var (sale, live, _, _) = await MovingAsync();
        await sale.ExecuteAsync(
            "update orders set placed_at = now() + interval '1 hour' where order_id = @OrderId", new { live.OrderId });
        await stores.Redis.HashDeleteAsync(sale.Keys.Holds, live.OrderId);
        Assert.Contains((await AuditAsync(sale)).Findings, finding => finding.Kind == BreakKind.MissingHold);
    }

    [Fact]
    public async Task A_sale_that_is_deleted_between_two_looks_is_no_finding_and_no_error()
    {
        var (sale, _, _, _) = await MovingAsync();
        var item = await sale.AuditedAsync();
        await using (var connection = await stores.Database.OpenConnectionAsync())
        {
            await connection.ExecuteAsync("delete from sale_items where sale_id = @SaleId", new { item.Key.SaleId });
        }

        Assert.Empty((await stores.Auditor.AuditAsync(item, CancellationToken.None)).Findings);
    }

    [Fact]
    public async Task An_order_that_left_the_outbox_without_a_row_is_published_again()
    {
        var (sale, _, _, waiting) = await MovingAsync();
        var before = await DumpAsync(sale);
        await stores.Stock.SettleAsync(sale.Keys, [waiting.OrderId]);
        var found = Assert.Single((await AuditAsync(sale)).Findings);
        Assert.Equal((BreakKind.LostOrder, waiting.OrderId), (found.Kind, found.OrderId));
        await stores.AuditRepair.RepairAsync(await sale.AuditedAsync(), false, CancellationToken.None);
        Assert.Equal(before, await DumpAsync(sale));
        Assert.Contains(waiting.OrderId, (await stores.Stock.ClaimAsync(
            sale.Keys, TimeSpan.Zero, 100, TimeSpan.FromSeconds(1))).Select(entry => entry.OrderId));
    }

    [Fact]
    public async Task An_order_in_quarantine_is_no_finding()
    {
        var (sale, _, _, waiting) = await MovingAsync();
        await stores.Quarantine.AddAsync(sale.Message(waiting), "test", CancellationToken.None);
        await stores.Stock.SettleAsync(sale.Keys, [waiting.OrderId]);
        Assert.Empty((await AuditAsync(sale)).Findings);
        Assert.True((await sale.LedgerAsync()).Balanced);
    }

    [Fact]
    public async Task Units_that_were_sold_by_a_wrong_counter_are_owed_and_then_rejected()
    {
        var sale = await TestSale.OpenAsync(stores, units: 3);
        await stores.Redis.HashIncrementAsync(sale.Keys.State, "available", 2);
        await sale.PlaceManyAsync(3);
        var surplus = new[] { await sale.ReserveAsync(8), await sale.ReserveAsync(9) };
        await stores.AuditRepair.RepairAsync(await sale.AuditedAsync(), false, CancellationToken.None);
        Assert.Equal(-2, (await sale.InspectAsync()).Available);
        Assert.Equal(ReserveOutcome.SoldOut, (await sale.TryReserveAsync(10)).Outcome);
        await sale.ConsumeAsync(surplus);
        await sale.ReturnAllAsync();
        await sale.AssertConservedAsync(3);
        Assert.Equal(2, (await sale.StatusesAsync()).Values.Count(status => status == "rejected"));
        Assert.Empty((await AuditAsync(sale)).Findings);
    }

    [Fact]
    public async Task After_PostgreSQL_was_set_back_orders_that_were_closed_since_make_room_for_those_that_came_since()
    {
        var sale = await TestSale.OpenAsync(stores, units: 4);
        var before = await sale.PlaceManyAsync(4);
        await sale.PayAsync(before[3], $"pay-{before[3].OrderId}");
        await sale.MakeOverdueAsync(before[1].OrderId);
        // What PostgreSQL does not know any more: one was cancelled, one has expired, and others bought their units.
        await stores.Stock.ReleaseAsync(sale.Keys, [before[0].OrderId, before[1].OrderId]);
        var since = new[] { await sale.ReserveAsync(8), await sale.ReserveAsync(9) };
        await stores.Stock.SettleAsync(sale.Keys, [since[0].OrderId]);

        var item = await sale.AuditedAsync();
        var (after, repaired) = (await stores.AuditRepair.RepairAsync(item, true, CancellationToken.None))!.Value;
        Assert.Empty(after.Findings);
        Assert.Equal(3, repaired.Count);
        await sale.ConsumeAsync(since);
        await sale.AssertConservedAsync(4);
        var statuses = await sale.StatusesAsync();
        Assert.Equal(
            ["cancelled", "expired", "placed", "paid", "placed", "placed"],
            before.Concat(since).Select(order => statuses[order.OrderId]));
    }

    [Fact]
    public async Task Several_who_repair_at_once_repair_once()
    {
        var (sale, live, returned, _) = await MovingAsync();
        var before = await DumpAsync(sale);
        await BreakAsync(sale, "available +1, held -1", live, returned);
        await BreakAsync(sale, "hold deleted", live, returned);
        var item = await sale.AuditedAsync();
        var results = await Task.WhenAll(
            Enumerable.Range(0, 6).Select(_ => Task.Run(() => stores.AuditRepair.RepairAsync(item, false, CancellationToken.None))));
        Assert.Contains(results, result => result is not null);
        Assert.Equal(before, await DumpAsync(sale));
    }

    [Fact]
    public async Task A_correction_that_was_found_before_another_repair_is_not_made()
    {
        var sale = await TestSale.OpenAsync(stores, units: 5);
        await stores.Redis.HashIncrementAsync(sale.Keys.State, "available", 1);
        var stale = (await AuditAsync(sale)).Correction!;
        Assert.True(await stores.Repair.CorrectAsync(sale.Keys, stale.Repairs, stale.Allocated, stale.Available, stale.Held));
        Assert.False(await stores.Repair.CorrectAsync(sale.Keys, stale.Repairs, stale.Allocated, stale.Available, stale.Held));
        Assert.Equal(5, (await sale.InspectAsync()).Available);
    }

    /// <summary>A sale with an order at every step of its life, among enough others to fill several pages.</summary>
    private async Task<(TestSale Sale, ReservedOrder Live, ReservedOrder Returned, ReservedOrder Waiting)> MovingAsync()
    {
        var sale = await TestSale.OpenAsync(stores, units: 100, limit: 5);
        var orders = await sale.PlaceManyAsync(25);
        await sale.ConsumeAsync(await sale.ReserveAsync(1, 2));
        await sale.PayAsync(orders[3], $"pay-{orders[3].OrderId}");
        await stores.Closing.TryCancelAsync(orders[5].OrderId, CancellationToken.None);
        await sale.ReturnAllAsync();
        await stores.Closing.TryCancelAsync(orders[6].OrderId, CancellationToken.None);
        await sale.ReserveAsync(30);
        return (sale, orders[0], orders[5], await sale.ReserveAsync(31, 3));
    }

    private async Task<ItemAudit> AuditAsync(TestSale sale)
    {
        var audit = await stores.Auditor.AuditAsync(await sale.AuditedAsync(), CancellationToken.None);
        Assert.True(audit.IsConclusive);
        stores.Audits.Enter(audit);
        return audit;
    }

    private async Task BreakAsync(TestSale sale, string how, ReservedOrder live, ReservedOrder returned)
    {
        var (redis, keys) = (stores.Redis, sale.Keys);
        await (how switch
        {
            "available +1" => redis.HashIncrementAsync(keys.State, "available", 1),
            "available -1" => redis.HashIncrementAsync(keys.State, "available", -1),
            "held +1" => redis.HashIncrementAsync(keys.State, "held", 1),
            "held -1" => redis.HashIncrementAsync(keys.State, "held", -1),
            "allocated +1" => redis.HashIncrementAsync(keys.State, "allocated", 1),
            "allocated and available +5" => stores.Stock.AdjustAsync(keys, "nobody wrote this down", 5),
            "available +1, held -1" => Task.WhenAll(
                redis.HashIncrementAsync(keys.State, "available", 1), redis.HashIncrementAsync(keys.State, "held", -1)),
            "hold deleted" => redis.HashDeleteAsync(keys.Holds, live.OrderId),
            "hold released" => (Task)stores.Stock.ReleaseAsync(keys, [live.OrderId]),
            "hold of two units" => redis.HashSetAsync(keys.Holds, live.OrderId, Text(live with { Quantity = 2 })),
            "hold of a returned order" => redis.HashSetAsync(keys.Holds, returned.OrderId, Text(returned)),
            "buyer +1" => redis.HashIncrementAsync(keys.Buyers, live.UserId, 1),
            "buyer deleted" => redis.HashDeleteAsync(keys.Buyers, live.UserId),
            "buyer without holds" => redis.HashIncrementAsync(keys.Buyers, 77, 1),
            "list of orders deleted" => redis.HashDeleteAsync(keys.Orders, live.UserId),
            "entry without hold" => redis.SortedSetAddAsync(keys.Outbox, returned.OrderId, 1),
            "ledger +1" => sale.ExecuteAsync("update sale_items set live = live + 1 where sale_id = @SaleId"),
            _ => sale.ExecuteAsync("update sale_items set live = live - 1 where sale_id = @SaleId"),
        });
    }

    private static string Text(ReservedOrder order) => $"{order.UserId}:{order.Quantity}:{order.ReservedAt.ToUnixTimeMilliseconds()}";

    private async Task<string> DumpAsync(TestSale sale)
    {
        var (redis, keys) = (stores.Redis, sale.Keys);
        var state = await sale.InspectAsync();
        var holds = await redis.HashGetAllAsync(keys.Holds);
        var lists = (await redis.HashGetAllAsync(keys.Orders)).Select(user => $"{user.Name} {Sorted(((string)user.Value!).Split(' '))}");
        var live = await sale.ScalarAsync<int>("select live from sale_items where sale_id = @SaleId");
        return string.Join('\n',
            $"{state.Allocated} {state.Available} {state.Held} {live}",
            Sorted(holds.Select(hold => hold.ToString())),
            Sorted((await redis.HashGetAllAsync(keys.Buyers)).Select(buyer => buyer.ToString())),
            Sorted(lists),
            Sorted((await redis.SortedSetRangeByRankAsync(keys.Outbox)).Select(id => id.ToString())));

        static string Sorted(IEnumerable<string> words) => string.Join(' ', words.Order(StringComparer.Ordinal));
    }
}
