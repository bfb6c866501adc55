using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Seckill.OrderService.LegacyOrders.Outbox;
using Seckill.Shared.Schema;

namespace Seckill.OrderService.Tests.LegacyOrders.Outbox;

/// <summary>After a time without the dual write, a backfill gives the legacy database every order that it lacks.</summary>
public sealed class BackfillTests
{
    [Fact]
    public async Task A_backfill_writes_what_was_placed_and_changed_while_the_mode_was_off()
    {
        await using var both = await TwoDatabases.CreateAsync();
        var ids = await both.PlaceAsync(10);
        await both.DrainAsync();
        await both.InOrdersAsync("update dual_write_control set mode = 'off'");
        await both.Closing.TryCancelAsync(ids[0], CancellationToken.None);
        await both.PlaceAsync(3_000, firstUser: 100);
        Assert.Equal(0, await both.InOrdersAsync<long>("select coalesce(sum(orders), 0)::bigint from legacy_outbox"));
        await both.InOrdersAsync("update dual_write_control set mode = 'shadow'");
        await Backfill.StartAsync(both.Orders, CancellationToken.None);
        using var backfill = new Backfill(both.Orders, both.Control(), TimeProvider.System, NullLogger<Backfill>.Instance);
        while (await backfill.StepAsync(CancellationToken.None))
        {
        }

        Assert.Equal(BackfillState.Finished, (await Backfill.ReadAsync(both.Orders, CancellationToken.None)).State);
        await both.DrainAsync();
        await both.RoundAsync();
        Assert.Empty(await both.OpenAsync());
        Assert.Equal(3_010, await both.InLegacyAsync<long>("select count(*) from t_order"));
    }

    // Broken by a dashboard that asks for a repair of orders that are only older than the dual write.
    [Fact]
    public async Task Orders_from_before_the_dual_write_count_as_older_until_a_backfill_has_written_them()
    {
        await using var both = await TwoDatabases.CreateAsync("off");
        await both.PlaceAsync(3);
        await both.InOrdersAsync("update dual_write_control set mode = 'shadow'");
        await both.PlaceAsync(1, firstUser: 10);
        await both.DrainAsync();
        await both.InLegacyAsync("delete from t_order");
        await both.RoundAsync();
        Assert.Equal((4, 3, true), await ReadAsync());
        // Another change of the row changes nothing of it.
        await both.InOrdersAsync("update dual_write_control set mode = 'dual'");
        Assert.Equal((4, 3, true), await ReadAsync());

        await Backfill.StartAsync(both.Orders, CancellationToken.None);
        Assert.Equal((4, 3, false), await ReadAsync());
        using var backfill = new Backfill(both.Orders, both.Control(), TimeProvider.System, NullLogger<Backfill>.Instance);
        await backfill.StepAsync(CancellationToken.None);
        Assert.Equal((4, 3, false), await ReadAsync());
        await both.DrainAsync();
        await both.RoundAsync();
        Assert.Equal((0, 0, false), await ReadAsync());

        await both.InLegacyAsync("delete from t_order");
        await both.RoundAsync();
        Assert.Equal((4, 0, false), await ReadAsync());

        async Task<(long Missing, long Older, bool IsDue)> ReadAsync() =>
            await DualWriteState.ReadAsync(both.Orders, CancellationToken.None) is var state
                ? (state.Missing, state.Older, state.IsBackfillDue) : default;
    }

    [Fact]
    public async Task A_backfill_waits_for_orders_that_are_being_placed_under_the_old_mode()
    {
        await using var both = await TwoDatabases.CreateAsync("off");
        await using var placing = await both.Orders.OpenConnectionAsync();
        await using var transaction = await placing.BeginTransactionAsync();
        await using (var place = new NpgsqlCommand(
            """
            insert into orders (order_id, sale_id, sku_id, user_id, quantity, unit_price, currency, status, reserved_at, pay_by)
            values (md5('late'), 1, 7, 1, 1, 1999, 'EUR', 'placed', now(), now() + interval '1 hour')
            """, placing))
        {
            await place.ExecuteNonQueryAsync();
        }

        await both.InOrdersAsync("update dual_write_control set mode = 'shadow'");
        await Backfill.StartAsync(both.Orders, CancellationToken.None);
        using var backfill = new Backfill(both.Orders, both.Control(), TimeProvider.System, NullLogger<Backfill>.Instance);
        Assert.False(await backfill.StepAsync(CancellationToken.None));
        Assert.Equal(BackfillState.Running, (await Backfill.ReadAsync(both.Orders, CancellationToken.None)).State);
        await transaction.CommitAsync();
        Assert.False(await backfill.StepAsync(CancellationToken.None));
        Assert.Equal(BackfillState.Finished, (await Backfill.ReadAsync(both.Orders, CancellationToken.None)).State);
        await both.DrainAsync();
        Assert.Equal(1, await both.InLegacyAsync<long>("select count(*) from t_order"));
    }
}
