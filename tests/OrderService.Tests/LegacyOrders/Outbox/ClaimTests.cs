using Npgsql;
using Seckill.OrderService.LegacyOrders.Database;
using Seckill.OrderService.LegacyOrders.Writing;
using Seckill.Tests.Harness;

namespace Seckill.OrderService.Tests.LegacyOrders.Outbox;

/// <summary>
/// One writer has a lane, and the others continue with other lanes. Broken by a claim that takes an order twice, waits for another writer,
/// or reads more than it claims.
/// </summary>
public sealed class ClaimTests
{
    [Fact]
    public async Task A_later_change_of_an_order_is_left_alone_while_another_writer_holds_the_earlier()
    {
        await using var both = await TwoDatabases.CreateAsync();
        var id = (await both.PlaceAsync(1))[0];
        await using var other = await both.Orders.OpenConnectionAsync();
        await using var transaction = await other.BeginTransactionAsync();
        await using (var claim = new NpgsqlCommand(
            "select from legacy_lanes where lane = (select legacy_lane(order_id) from orders) for update", other))
        {
            await claim.ExecuteNonQueryAsync();
        }

        Assert.True(await both.Closing.TryCancelAsync(id, CancellationToken.None));
        Assert.Equal(0, await both.Batch().WriteAsync(CancellationToken.None));
        Assert.Equal(0, await both.InLegacyAsync<long>("select count(*) from t_order"));
        await transaction.RollbackAsync();
        Assert.Equal(2, await both.Batch().WriteAsync(CancellationToken.None));
        Assert.Equal(2, await both.InLegacyAsync<int>("select order_status from t_order"));
    }

    [Fact]
    public async Task Orders_of_other_lanes_are_written_while_one_lane_is_held()
    {
        await using var both = await TwoDatabases.CreateAsync();
        await both.PlaceAsync(400);
        await using var other = await both.Orders.OpenConnectionAsync();
        await using var transaction = await other.BeginTransactionAsync();
        await using (var claim = new NpgsqlCommand("select from legacy_lanes where lane = 2 for update", other))
        {
            await claim.ExecuteNonQueryAsync();
        }

        while (await both.Batch().WriteAsync(CancellationToken.None) > 0)
        {
        }

        var held = await both.InOrdersAsync<long>("select count(*) from orders where legacy_lane(order_id) = 2");
        Assert.InRange(held, 1, 399);
        Assert.Equal(held, await both.InOrdersAsync<long>("select sum(orders)::bigint from legacy_outbox"));
        Assert.Equal(400 - held, await both.InLegacyAsync<long>("select count(*) from t_order"));
    }

    [Fact]
    public async Task A_batch_reads_the_orders_that_changed_and_not_all_that_there_are()
    {
        await using var both = await TwoDatabases.CreateAsync("off");
        await both.PlaceAsync(5_000);
        await both.InOrdersAsync("update dual_write_control set mode = 'shadow'");
        await both.PlaceAsync(1_000, firstUser: 10_000);
        var before = await ReadsAsync();
        // The planner behaves like this when its statistics are out of date.
        await using var reluctant = both.OrdersThatAvoidIndexes();
        var batch = new LegacyBatch(reluctant, new LegacyStore(both.Legacy), both.Breaker, both.Wrapped);
        while (await batch.WriteAsync(CancellationToken.None) > 0)
        {
        }

        // PostgreSQL updates both counters a little later, and together.
        await Eventually.IsTrueAsync("the reads are counted", async () => (await ReadsAsync()).ByIndex >= before.ByIndex + 1_000);
        Assert.Equal(before.OneByOne, (await ReadsAsync()).OneByOne);

        async Task<(long OneByOne, long ByIndex)> ReadsAsync() => (
            await both.InOrdersAsync<long>("select seq_tup_read from pg_stat_user_tables where relname = 'orders'"),
            await both.InOrdersAsync<long>("select idx_tup_fetch from pg_stat_user_tables where relname = 'orders'"));
    }

    [Fact]
    public async Task Nothing_is_written_while_the_table_would_take_an_order_twice()
    {
        await using var both = await TwoDatabases.CreateAsync();
        await both.PlaceAsync(20);
        await both.InLegacyAsync("alter table t_order drop constraint t_order_order_sn_key");
        await Assert.ThrowsAsync<PostgresException>(() => both.Batch().WriteAsync(CancellationToken.None));
        Assert.Equal(0, await both.InLegacyAsync<long>("select count(*) from t_order"));
        await both.InLegacyAsync("alter table t_order add unique (order_sn)");
        await both.DrainAsync();
        Assert.Equal(20, await both.InOrdersAsync<long>("select orders from legacy_verified"));
    }

    [Fact]
    public async Task Entries_of_deleted_orders_leave_the_outbox_and_delay_no_other()
    {
        await using var both = await TwoDatabases.CreateAsync();
        both.Options.MaxBatch = 10;
        await both.InOrdersAsync(
            """
            insert into legacy_outbox (lane, order_ids)
            select legacy_lane(md5(n::text)), array[md5(n::text)] from generate_series(1, 50) n
            """);
        await both.PlaceAsync(5);
        await both.DrainAsync();
        Assert.Equal(5, await both.InLegacyAsync<long>("select count(*) from t_order"));
    }
}
