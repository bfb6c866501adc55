using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;
using Seckill.OrderService.LegacyOrders.Control;
using Seckill.OrderService.LegacyOrders.Database;

namespace Seckill.OrderService.Tests.LegacyOrders.Writing;

/// <summary>
/// The legacy database refuses a row, or its table has changed. Broken by a writer that blames every order for a changed table, that
/// stops at one bad order for ever, or that dies of a column that it cannot read.
/// </summary>
public sealed class RefusalTests
{
    [Fact]
    public async Task One_row_that_is_refused_is_recorded_and_all_others_are_written()
    {
        await using var both = await TwoDatabases.CreateAsync();
        await both.InLegacyAsync("alter table t_order add constraint unlucky check (uid <> 713)");
        var ids = await both.PlaceAsync(300, firstUser: 500);
        await both.DrainAsync();
        Assert.Equal(299, await both.InLegacyAsync<long>("select count(*) from t_order"));
        Assert.Equal(299, await both.InOrdersAsync<long>("select orders from legacy_verified"));
        await both.RoundAsync();
        var (id, kind, actual) = Assert.Single(await both.OpenWithActualAsync());
        Assert.Equal((ids[213], "missing"), (id, kind));
        Assert.StartsWith("refused: ", actual, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_row_that_was_refused_is_written_by_itself_once_it_is_taken()
    {
        await using var both = await TwoDatabases.CreateAsync();
        await both.InLegacyAsync("alter table t_order add constraint unlucky check (uid <> 1)");
        await both.PlaceAsync(1);
        await both.DrainAsync();
        await both.RoundAsync();
        await both.DrainAsync();
        Assert.Single(await both.OpenAsync());
        await both.InLegacyAsync("alter table t_order drop constraint unlucky");
        await both.RoundAsync();
        await both.DrainAsync();
        Assert.Empty(await both.OpenAsync());
        Assert.Equal(1, await both.InLegacyAsync<long>("select count(*) from t_order"));
    }

    [Fact]
    public async Task A_row_that_another_program_deleted_is_not_written_again_by_itself()
    {
        await using var both = await TwoDatabases.CreateAsync();
        await both.PlaceAsync(1);
        await both.DrainAsync();
        await both.InLegacyAsync("delete from t_order");
        await both.RoundAsync();
        await both.DrainAsync();
        Assert.Single(await both.OpenAsync());
        Assert.Equal(0, await both.InLegacyAsync<long>("select count(*) from t_order"));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(100)]
    public async Task A_table_that_refuses_every_row_makes_the_orders_wait_and_blames_none(int orders)
    {
        await using var both = await TwoDatabases.CreateAsync();
        // In one lane: an order that is alone in its batch looks the same as a bad row.
        await both.PlaceAsync(orders, lastDigit: "0");
        await both.InLegacyAsync("alter table t_order add column shop_id int not null");
        for (var attempt = 0; attempt < 3; attempt++)
        {
            await Assert.ThrowsAsync<PostgresException>(() => both.Batch().WriteAsync(CancellationToken.None));
        }

        Assert.Equal(BreakerState.Open, both.Breaker.State);
        Assert.Empty(await both.OpenAsync());
        Assert.Equal(orders, await both.InOrdersAsync<long>("select coalesce(sum(orders), 0)::bigint from legacy_outbox"));
        await both.InLegacyAsync("alter table t_order alter column shop_id set default 1");
        await both.DrainAsync();
        await both.RoundAsync();
        Assert.Empty(await both.OpenAsync());
    }

    [Fact]
    public async Task Readiness_names_the_cause_and_calls_only_a_server_that_is_down_down()
    {
        await using var both = await TwoDatabases.CreateAsync();
        using var control = both.Control();
        await control.RefreshAsync(CancellationToken.None);
        Assert.Null((await CheckAsync(both.Legacy)).Description);
        await using var down = new LegacyDatabase(LegacyDatabase.Settings("Host=127.0.0.1;Port=1;Database=legacy;Username=legacy"));
        Assert.Equal("the legacy database is down; changes wait in the legacy outbox", (await CheckAsync(down)).Description);

        await both.PlaceAsync(1);
        await both.InLegacyAsync("alter table t_order rename column uid to user_id");
        for (var attempt = 0; attempt < 3; attempt++)
        {
            await Assert.ThrowsAsync<PostgresException>(() => both.Batch().WriteAsync(CancellationToken.None));
        }

        var report = await CheckAsync(both.Legacy);
        Assert.Equal(HealthStatus.Degraded, report.Status);
        Assert.Equal(
            "the breaker is open: 3 of the last 3 calls failed: the legacy database answers with an error (SQLSTATE 42703); "
            + "changes wait in the legacy outbox", report.Description);

        Task<HealthCheckResult> CheckAsync(LegacyDatabase legacy) =>
            new LegacyHealth(legacy, control, both.Breaker).CheckHealthAsync(new HealthCheckContext());
    }

    [Fact]
    public async Task Columns_that_were_widened_are_written_and_compared_as_before()
    {
        await using var both = await TwoDatabases.CreateAsync();
        await both.PlaceAsync(10);
        await both.DrainAsync();
        await both.InLegacyAsync("alter table t_order alter uid type bigint, alter num type int, alter id type bigint");
        await both.PlaceAsync(10, firstUser: 100);
        await both.DrainAsync();
        await both.RoundAsync();
        Assert.Empty(await both.OpenAsync());
        await both.InLegacyAsync("update t_order set uid = 5000000000 where uid = 105");
        await both.RoundAsync();
        Assert.Equal("uid", Assert.Single(await both.OpenAsync()).Field);
    }

    [Fact]
    public async Task A_column_that_cannot_be_read_any_more_is_a_failure_like_any_other()
    {
        await using var both = await TwoDatabases.CreateAsync();
        await both.PlaceAsync(10);
        await both.DrainAsync();
        await both.InLegacyAsync(
            "alter table t_order drop constraint t_order_order_sn_key; "
            + "insert into t_order (order_sn, uid, goods_id, activity_id, num, order_amount, add_time) "
            + "select order_sn, uid, goods_id, activity_id, num, order_amount, add_time from t_order; "
            + "alter table t_order alter add_time type timestamptz using to_timestamp(add_time)");
        await Assert.ThrowsAsync<PostgresException>(() => both.RoundAsync());
        // Each order number twice, which the server accepts.
        await both.InLegacyAsync("alter table t_order alter add_time type int using extract(epoch from add_time)::int");
        await Assert.ThrowsAsync<NpgsqlException>(() => both.RoundAsync());
        Assert.Empty(await both.OpenAsync());
    }
}
