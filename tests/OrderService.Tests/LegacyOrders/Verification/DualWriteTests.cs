using Npgsql;
using Seckill.OrderService.LegacyOrders.Database;
using Seckill.OrderService.LegacyOrders.Verification;

namespace Seckill.OrderService.Tests.LegacyOrders.Verification;

/// <summary>
/// Promise 8: the two schemas agree, and each difference is found. On the real servers, because SQL decides all of it.
/// </summary>
public sealed class DualWriteTests
{
    private static int CleanRows => int.TryParse(Environment.GetEnvironmentVariable("SECKILL_CLEAN_ROWS"), out var rows) ? rows : 20_000;

    [Fact]
    public async Task Nothing_is_reported_on_many_clean_rows()
    {
        await using var both = await TwoDatabases.CreateAsync();
        await both.PlaceAsync(CleanRows);
        await both.DrainAsync();
        await both.RoundAsync();
        Assert.Empty(await both.OpenAsync());
        Assert.Equal(CleanRows, await both.InOrdersAsync<long>("select orders from legacy_verified"));
        Assert.Equal(CleanRows, await both.InOrdersAsync<long>("select last_round_orders from legacy_verifier"));
        Assert.Equal(CleanRows, await both.InLegacyAsync<long>("select count(*) from t_order where order_amount = 19.99"));
    }

    [Theory]
    [InlineData("uid", "uid + 1")]
    [InlineData("goods_id", "8")]
    [InlineData("activity_id", "2")]
    [InlineData("num", "2")]
    [InlineData("order_amount", "19.98")]
    [InlineData("order_amount", "'NaN'")]
    [InlineData("order_status", "1")]
    [InlineData("add_time", "add_time + 3600")]
    [InlineData("pay_time", "1")]
    [InlineData("is_delete", "1")]
    public async Task A_field_that_was_changed_is_found_once_repaired_and_resolved(string field, string value)
    {
        await using var both = await TwoDatabases.CreateAsync();
        var ids = await both.PlaceAsync(50);
        await both.DrainAsync();
        await both.InLegacyAsync($"update t_order set {field} = {value} where order_sn = @id", new { id = ids[7] });
        await both.RoundAsync();
        await both.RoundAsync();
        Assert.Equal([(ids[7], "different", field)], await both.OpenAsync());
        await RepairAsync(both);
        Assert.Empty(await both.OpenAsync());
        await both.RoundAsync();
        Assert.Empty(await both.OpenAsync());
    }

    [Fact]
    public async Task A_deleted_row_is_missing_and_a_row_without_an_order_is_extra()
    {
        await using var both = await TwoDatabases.CreateAsync();
        var ids = await both.PlaceAsync(50);
        await both.DrainAsync();
        await both.InLegacyAsync("delete from t_order where order_sn = @id", new { id = ids[3] });
        await both.InLegacyAsync(
            """
            insert into t_order (order_sn, uid, goods_id, activity_id, num, order_amount, add_time)
            values ('zz-extra', 1, 7, 1, 1, 1, 1), ('zz-another-sale', 1, 7, 99, 1, 1, 1)
            """);
        await both.RoundAsync();
        Assert.Equal([(ids[3], "missing", ""), ("zz-extra", "extra", "")], await both.OpenAsync());
        await both.InLegacyAsync("delete from t_order where order_sn = 'zz-extra'");
        await both.RoundAsync();
        Assert.Equal([(ids[3], "missing", "")], await both.OpenAsync());
        await RepairAsync(both);
        Assert.Empty(await both.OpenAsync());
    }

    [Fact]
    public async Task A_user_that_does_not_fit_is_unrepresentable_and_never_written()
    {
        await using var both = await TwoDatabases.CreateAsync();
        var ids = await both.PlaceAsync(1, firstUser: int.MaxValue + 1L);
        await both.DrainAsync();
        Assert.Equal([(ids[0], "unrepresentable", "uid")], await both.OpenAsync());
        Assert.Equal(0, await both.InLegacyAsync<long>("select count(*) from t_order"));
    }

    [Fact]
    public async Task Changes_wait_while_a_column_has_another_name_and_are_all_verified_afterwards()
    {
        await using var both = await TwoDatabases.CreateAsync();
        await both.PlaceAsync(100);
        await both.InLegacyAsync("alter table t_order rename column uid to user_id");
        for (var attempt = 0; attempt < 3; attempt++)
        {
            await Assert.ThrowsAsync<PostgresException>(() => both.Batch().WriteAsync(CancellationToken.None));
        }

        Assert.Equal(BreakerState.Open, both.Breaker.State);
        await both.PlaceAsync(100, firstUser: 1_000);
        Assert.Equal(200, await both.InOrdersAsync<long>("select coalesce(sum(orders), 0)::bigint from legacy_outbox"));
        await both.InLegacyAsync("alter table t_order rename column user_id to uid");
        await both.DrainAsync();
        await both.RoundAsync();
        Assert.Empty(await both.OpenAsync());
        Assert.Equal(200, await both.InOrdersAsync<long>("select orders from legacy_verified"));
    }

    [Fact]
    public async Task Nothing_is_lost_or_reported_when_a_writer_dies_before_the_write_after_it_or_after_reading_back()
    {
        await using var both = await TwoDatabases.CreateAsync();
        await both.PlaceAsync(10);
        foreach (var point in Enum.GetValues<Point>())
        {
            await Assert.ThrowsAsync<NpgsqlException>(
                () => both.Batch(new DyingStore(both.Legacy, point)).WriteAsync(CancellationToken.None));
            Assert.Equal(10, await both.InOrdersAsync<long>("select coalesce(sum(orders), 0)::bigint from legacy_outbox"));
        }

        await both.DrainAsync();
        await both.RoundAsync();
        Assert.Empty(await both.OpenAsync());
        Assert.Equal(10, await both.InOrdersAsync<long>("select orders from legacy_verified"));
    }

    [Fact]
    public async Task Two_writers_on_changes_of_the_same_orders_end_with_the_newest()
    {
        await using var both = await TwoDatabases.CreateAsync();
        both.Options.MaxBatch = 7;
        var ids = await both.PlaceAsync(200);
        using var stop = new CancellationTokenSource();
        var writers = Enumerable.Range(0, 2).Select(_ => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                await both.Batch().WriteAsync(CancellationToken.None);
            }
        })).ToArray();
        foreach (var id in ids)
        {
            Assert.True(await both.Closing.TryCancelAsync(id, CancellationToken.None));
        }

        await stop.CancelAsync();
        await Task.WhenAll(writers);
        await both.DrainAsync();
        await both.RoundAsync();
        Assert.Empty(await both.OpenAsync());
        Assert.Equal(200, await both.InLegacyAsync<long>("select count(*) from t_order where order_status = 2"));
    }

    [Fact]
    public async Task Differences_of_every_class_and_field_among_many_rows_are_all_found_and_no_others()
    {
        await using var both = await TwoDatabases.CreateAsync();
        var ids = await both.PlaceAsync(2_500);
        var tooBig = await both.PlaceAsync(3, firstUser: 1L << 40);
        await both.DrainAsync();
        var expected = tooBig.Select(id => (id, "unrepresentable", "uid")).ToList();
        string[] fields =
            ["uid", "goods_id", "activity_id", "num", "order_amount", "order_status", "add_time", "pay_time", "is_delete"];
        await both.InLegacyAsync(string.Concat(fields.Select(field => $"alter table t_order alter {field} drop not null;")));
        var order = new Queue<string>(Random.Shared.GetItems(ids, 200).Distinct());
        foreach (var field in fields)
        {
            foreach (var value in new[] { "null", $"coalesce(nullif({field} - 1, -1), 1)" })
            {
                var id = order.Dequeue();
                await both.InLegacyAsync($"update t_order set {field} = {value} where order_sn = @id", new { id });
                expected.Add((id, "different", field));
            }
        }

        var two = order.Dequeue();
        await both.InLegacyAsync("update t_order set num = 9, is_delete = 1 where order_sn = @two", new { two });
        expected.AddRange([(two, "different", "num"), (two, "different", "is_delete")]);
        var gone = order.Dequeue();
        await both.InLegacyAsync("delete from t_order where order_sn = @gone", new { gone });
        expected.Add((gone, "missing", ""));
        var renamed = order.Dequeue();
        await both.InLegacyAsync("update t_order set order_sn = upper(order_sn) where order_sn = @renamed", new { renamed });
        expected.AddRange([(renamed, "missing", ""), (renamed.ToUpperInvariant(), "extra", "")]);
        for (var round = 0; round < 2; round++)
        {
            await both.RoundAsync();
            Assert.Equal(expected.Order(), (await both.OpenAsync()).Order());
        }

        Assert.Equal(expected.Count, await both.InOrdersAsync<long>("select count(*) from legacy_discrepancies"));
    }

    private static async Task RepairAsync(TwoDatabases both)
    {
        var repair = new Repair(both.Orders, TimeProvider.System);
        var dry = await repair.RunAsync(dryRun: true, null, CancellationToken.None);
        Assert.All(dry.Discrepancies, one => Assert.False(one.Resolved));
        Assert.Equal(0, await both.InOrdersAsync<long>("select coalesce(sum(orders), 0)::bigint from legacy_outbox"));
        var real = repair.RunAsync(dryRun: false, null, CancellationToken.None);
        while (!real.IsCompleted)
        {
            await both.Batch().WriteAsync(CancellationToken.None);
        }

        Assert.All((await real).Discrepancies, one => Assert.True(one.Resolved));
    }

    private enum Point
    {
        BeforeWrite,
        AfterWrite,
        AfterRead,
    }

    private sealed class DyingStore(LegacyDatabase legacy, Point point) : LegacyStore(legacy)
    {
        public override async Task UpsertAsync(
            IReadOnlyCollection<LegacyRow> rows, IReadOnlyCollection<bool> forced, CancellationToken cancellationToken)
        {
            Die(Point.BeforeWrite);
            await base.UpsertAsync(rows, forced, cancellationToken);
            Die(Point.AfterWrite);
        }

        public override async Task<bool> TryInsertAsync(IReadOnlyCollection<LegacyRow> rows, CancellationToken cancellationToken)
        {
            Die(Point.BeforeWrite);
            var inserted = await base.TryInsertAsync(rows, cancellationToken);
            Die(Point.AfterWrite);
            return inserted;
        }

        public override async Task<Dictionary<string, LegacyRow>> ReadAsync(
            IReadOnlyCollection<string> orderIds, CancellationToken cancellationToken)
        {
            var rows = await base.ReadAsync(orderIds, cancellationToken);
            Die(Point.AfterRead);
            return rows;
        }

        private void Die(Point here)
        {
            if (here == point)
            {
                throw new NpgsqlException("The writer died.");
            }
        }
    }
}
