using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Seckill.OrderService.LegacyOrders.Control;
using Seckill.OrderService.LegacyOrders.Database;
using Seckill.OrderService.LegacyOrders.Outbox;
using Seckill.OrderService.Payments;
using Seckill.Tests.Harness;

namespace Seckill.OrderService.Tests.LegacyOrders.Writing;

/// <summary>
/// Each change of an order reaches the legacy database, in the sequence in which it happened. Broken by two writers on one order, or by a
/// retry that writes an older state. The legacy table keeps a history of its own here, by a trigger.
/// </summary>
public sealed class OrderOfChangesTests
{
    [Theory]
    [InlineData("paid", 1)]
    [InlineData("cancelled", 2)]
    [InlineData("expired", 3)]
    public async Task What_happens_to_an_order_is_in_the_legacy_row(string what, int code)
    {
        await using var both = await TwoDatabases.CreateAsync();
        var id = (await both.PlaceAsync(1))[0];
        await both.DrainAsync();
        await ChangeAsync(both, id, what);
        await both.DrainAsync();
        Assert.Equal(code, await both.InLegacyAsync<int>("select order_status from t_order"));
        Assert.Equal(
            await both.InOrdersAsync<int>("select coalesce(extract(epoch from date_trunc('second', paid_at)), 0)::int from orders"),
            await both.InLegacyAsync<int>("select pay_time from t_order"));
        await both.RoundAsync();
        Assert.Empty(await both.OpenAsync());
    }

    [Fact]
    public async Task Two_workers_never_show_an_older_status_after_a_newer_one()
    {
        await using var both = await TwoDatabases.CreateAsync();
        both.Options.MaxBatch = 13;
        await both.InLegacyAsync(
            """
            create table history (id bigserial primary key, order_sn text, order_status int);
            create function remember() returns trigger language plpgsql as $$
              begin insert into history (order_sn, order_status) values (new.order_sn, new.order_status); return new; end $$;
            create trigger remember after insert or update on t_order for each row execute function remember()
            """);
        using var stop = new CancellationTokenSource();
        var writers = Enumerable.Range(0, 2).Select(_ => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                await both.Batch().WriteAsync(CancellationToken.None);
            }
        })).ToArray();
        string[] changes = ["paid", "cancelled", "expired"];
        for (var round = 0; round < 5; round++)
        {
            var ids = await both.PlaceAsync(60, firstUser: 1 + 100 * round);
            await Parallel.ForEachAsync(ids.Select((id, n) => (id, n)), async (order, _) =>
            {
                await ChangeAsync(both, order.id, changes[order.n % 3]);
                if (order.n % 5 == 0)
                {
                    // An entry of a backfill, and one of a repair: more writes that must keep the sequence.
                    await both.InOrdersAsync(
                        "insert into legacy_outbox (lane, order_ids, forced) values (legacy_lane(@id), array[@id], @forced)",
                        new { order.id, forced = order.n % 2 == 0 });
                }
            });
        }

        await stop.CancelAsync();
        await Task.WhenAll(writers);
        await both.DrainAsync();
        await both.RoundAsync();
        Assert.Empty(await both.OpenAsync());
        Assert.Equal(300, await both.InLegacyAsync<long>("select count(*) from t_order where order_status in (1, 2, 3)"));
        Assert.Equal(0, await both.InLegacyAsync<long>(
            """
            select count(*)
            from history h
            where exists (
              select from history earlier
              where earlier.order_sn = h.order_sn and earlier.id < h.id
                and earlier.order_status <> 0 and earlier.order_status <> h.order_status)
            """));
        Assert.InRange(await both.InLegacyAsync<long>("select count(*) from history where order_status = 0"), 1, 300);
    }

    [Fact]
    public async Task A_forced_write_that_comes_late_does_not_undo_what_was_written_meanwhile()
    {
        await using var both = await TwoDatabases.CreateAsync();
        var id = (await both.PlaceAsync(1))[0];
        await both.DrainAsync();
        var store = new LegacyStore(both.Legacy);
        var old = (await store.ReadAsync([id], CancellationToken.None))[id];
        await both.InLegacyAsync("update t_order set order_status = 2");
        await store.UpsertAsync([old], [true], CancellationToken.None);
        Assert.Equal(0, await both.InLegacyAsync<int>("select order_status from t_order"));

        // Sent in time, and blocked until its force has ended; meanwhile the order is cancelled.
        await using var unlimited = both.LegacyWithoutStatementTimeout();
        await using var blocker = await both.LegacyTables.OpenConnectionAsync();
        await using var hold = await blocker.BeginTransactionAsync();
        await blocker.ExecuteAsync(
            "update t_order set order_status = 2; create temp table began on commit drop as select clock_timestamp() as at");
        var late = new LegacyStore(unlimited).UpsertAsync([old], [true], CancellationToken.None);
        await Eventually.IsTrueAsync(
            "the force of the late write has ended",
            async () => await blocker.ExecuteScalarAsync<bool>("select clock_timestamp() > at + interval '5.5 seconds' from began"));
        await hold.CommitAsync();
        try
        {
            await late;
        }
        catch (TimeoutException)
        {
            // The caller stops waiting, and the server may still execute it.
        }

        await Eventually.IsTrueAsync("the late write has ended", async () => await both.InLegacyAsync<long>(
                "select count(*) from pg_stat_activity where datname = current_database() and query like 'with incoming%' "
                + "and state = 'active'") == 0);
        Assert.Equal(2, await both.InLegacyAsync<int>("select order_status from t_order"));
    }

    [Fact]
    public async Task A_mode_that_is_switched_back_and_forth_under_load_loses_nothing()
    {
        await using var both = await TwoDatabases.CreateAsync("off");
        using var control = both.Control();
        using var stop = new CancellationTokenSource();
        var placing = Task.Run(async () =>
        {
            var placed = 0;
            for (; !stop.IsCancellationRequested; placed += 20)
            {
                var ids = await both.PlaceAsync(20, firstUser: 1 + placed);
                await ChangeAsync(both, ids[0], "paid");
                await ChangeAsync(both, ids[1], "cancelled");
            }

            return placed;
        });
        var writing = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                await both.Batch().WriteAsync(CancellationToken.None);
            }
        });
        DualWriteMode[] modes =
        [
            DualWriteMode.Shadow, DualWriteMode.Off, DualWriteMode.Dual, DualWriteMode.Shadow, DualWriteMode.Dual, DualWriteMode.Off,
        ];
        foreach (var mode in modes.Concat(modes).Concat(modes))
        {
            var before = await both.InOrdersAsync<long>("select count(*) from orders");
            await control.SetAsync(new DualWriteChange(mode), CancellationToken.None);
            await Eventually.IsTrueAsync(
                "orders are placed in every mode",
                async () => await both.InOrdersAsync<long>("select count(*) from orders") > before + 50);
        }

        await control.SetAsync(new DualWriteChange(DualWriteMode.Shadow), CancellationToken.None);
        await Backfill.StartAsync(both.Orders, CancellationToken.None);
        using var backfill = new Backfill(both.Orders, control, TimeProvider.System, NullLogger<Backfill>.Instance);
        await Eventually.IsTrueAsync("the backfill is finished", async () =>
            {
                await backfill.StepAsync(CancellationToken.None);
                return (await Backfill.ReadAsync(both.Orders, CancellationToken.None)).State == BackfillState.Finished;
            });
        await stop.CancelAsync();
        await writing;
        var placed = await placing;
        await both.DrainAsync();
        await both.RoundAsync();
        Assert.Empty(await both.OpenAsync());
        Assert.Equal(placed, await both.InLegacyAsync<long>("select count(*) from t_order"));
        Assert.Equal(placed / 20, await both.InLegacyAsync<long>("select count(*) from t_order where order_status = 1"));
        Assert.Equal(placed / 20, await both.InLegacyAsync<long>("select count(*) from t_order where order_status = 2"));
    }

    private static async Task ChangeAsync(TwoDatabases both, string id, string what)
    {
        switch (what)
        {
            case "paid":
                var payment = new Payment(Guid.NewGuid().ToString("N"), id, 1999, "EUR");
                Assert.Equal(PaymentOutcome.Accepted, await new PaymentStore(both.Orders).ApplyAsync(payment, CancellationToken.None));
                break;
            case "cancelled":
                Assert.True(await both.Closing.TryCancelAsync(id, CancellationToken.None));
                break;
            default:
                await both.InOrdersAsync("update orders set pay_by = now() where order_id = @id", new { id });
                await Eventually.IsTrueAsync(
                    "the order is expired",
                    async () => await both.Closing.ExpireAsync(100, CancellationToken.None) >= 0
                        && await both.InOrdersAsync<string>("select status from orders where order_id = @id", new { id }) == "expired");
                break;
        }
    }
}
