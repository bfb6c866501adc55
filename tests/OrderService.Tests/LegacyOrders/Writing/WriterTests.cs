using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Seckill.OrderService.LegacyOrders.Database;
using Seckill.OrderService.LegacyOrders.Verification;
using Seckill.OrderService.LegacyOrders.Writing;
using Seckill.Tests.Harness;

namespace Seckill.OrderService.Tests.LegacyOrders.Writing;

/// <summary>
/// What the writer and the verifier report. Broken by a writer that does not read back what it wrote, by one that falls behind alone, and
/// by a verifier that reports an order whose change still waits.
/// </summary>
public sealed class WriterTests
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("new.num := 9; return new;", "different", "num")]
    [InlineData("return null;", "missing", "")]
    public async Task A_row_that_the_legacy_database_alters_is_found_by_the_writer_itself(
        string trigger, string kind, string field)
    {
        await using var both = await TwoDatabases.CreateAsync();
        await both.InLegacyAsync(
            $"""
            create function meddle() returns trigger language plpgsql as $$ begin {trigger} end $$;
            create trigger meddle before insert on t_order for each row when (new.uid = 3) execute function meddle()
            """);
        var ids = await both.PlaceAsync(5);
        await both.DrainAsync();
        Assert.Equal([(ids[2], kind, field)], await both.OpenAsync());
        Assert.Equal(4, await both.InOrdersAsync<long>("select orders from legacy_verified"));
    }

    [Fact]
    public async Task An_order_whose_change_waits_is_no_finding_and_is_one_when_nothing_waits()
    {
        await using var both = await TwoDatabases.CreateAsync("off");
        var old = await both.PlaceAsync(10);
        await both.InOrdersAsync("update dual_write_control set mode = 'shadow'");
        // Like the entries of a backfill: much younger than the last change of their orders.
        await both.InOrdersAsync(
            """
            update orders set placed_at = now() - interval '1 hour';
            insert into legacy_outbox (lane, order_ids) select legacy_lane(order_id), array_agg(order_id) from orders group by 1
            """);
        var fresh = await both.PlaceAsync(10, firstUser: 100);
        await both.RoundAsync();
        Assert.Empty(await both.OpenAsync());
        await both.InOrdersAsync("delete from legacy_outbox where not placed");
        await both.RoundAsync();
        Assert.Equal(old.Order(StringComparer.Ordinal), (await both.OpenAsync()).Select(found => found.OrderId));
        await both.InOrdersAsync("delete from legacy_outbox");
        await both.RoundAsync();
        Assert.Equal(old.Concat(fresh).Order(StringComparer.Ordinal), (await both.OpenAsync()).Select(found => found.OrderId));
        Assert.All(await both.OpenAsync(), found => Assert.Equal("missing", found.Class));
    }

    [Fact]
    public async Task An_order_that_changes_while_it_is_compared_is_no_finding()
    {
        await using var both = await TwoDatabases.CreateAsync();
        var ids = await both.PlaceAsync(2);
        await both.InOrdersAsync("delete from legacy_outbox");
        // Missing at the first check and at the second, and changed before the second one ends.
        var reads = 0;
        var store = new ReadingStore(both.Legacy, async () =>
        {
            if (++reads == 2)
            {
                Assert.True(await both.Closing.TryCancelAsync(ids[0], CancellationToken.None));
                await both.InOrdersAsync("delete from legacy_outbox");
            }
        });
        var result = await new OrderVerification(both.Orders, store, both.Wrapped).VerifyAsync(ids, CancellationToken.None);
        Assert.Equal(new VerificationResult(Verified: 0, Mismatched: 1, Lagging: 1), result);
        Assert.Equal([(ids[1], "missing", "")], await both.OpenAsync());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_breaker_opens_when_the_verifier_misses_the_legacy_database_and_not_when_it_misses_the_orders(bool legacyIsDown)
    {
        await using var both = await TwoDatabases.CreateAsync();
        await both.PlaceAsync(1);
        using var control = both.Control();
        await control.RefreshAsync(CancellationToken.None);
        const string nowhere = "Host=127.0.0.1;Port=1;Database=nowhere;Username=none";
        await using var orders = legacyIsDown ? both.OrdersThatAvoidIndexes() : NpgsqlDataSource.Create(nowhere);
        await using var legacy = new LegacyDatabase(LegacyDatabase.Settings(nowhere));
        var store = new LegacyStore(legacyIsDown ? legacy : both.Legacy);
        var (log, clock) = (new RecordedLog<ContinuousVerifier>(), new RestingClock());
        using var verifier = new ContinuousVerifier(
            orders, new OrderVerification(orders, store, both.Wrapped), store, control, both.Breaker, both.Wrapped, clock, log);
        await verifier.StartAsync(CancellationToken.None);
        await Eventually.IsTrueAsync("the verifier fails again and again", () => clock.Rests >= both.Options.BreakerFailures);
        await verifier.StopAsync(CancellationToken.None);
        Assert.Equal(legacyIsDown ? BreakerState.Open : BreakerState.Closed, both.Breaker.State);
        Assert.StartsWith("Verification of the legacy database failed; retrying: ", Assert.Single(log.Lines).Text);
    }

    [Fact]
    public async Task A_second_writer_joins_when_changes_have_waited_for_long()
    {
        await using var both = await TwoDatabases.CreateAsync();
        both.Options.MaxBatch = 50;
        await both.PlaceAsync(400);
        await both.InOrdersAsync("update legacy_outbox set created_at = now() - interval '1 minute'");
        var store = new MeetingStore(both.Legacy);
        using var control = both.Control();
        await control.RefreshAsync(CancellationToken.None);
        using var writer = new LegacyWriter(
            both.Batch(store), control, both.Breaker, both.Wrapped, NullLogger<LegacyWriter>.Instance);
        await writer.StartAsync(CancellationToken.None);
        try
        {
            await store.TwoAreIn.WaitAsync(s_timeout);
        }
        finally
        {
            await writer.StopAsync(CancellationToken.None);
        }
    }

    /// <summary>Counts the pauses between two rounds of a service.</summary>
    private sealed class RestingClock : TimeProvider
    {
        public int Rests { get; private set; }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Rests++;
            return base.CreateTimer(callback, state, dueTime, period);
        }
    }

    private sealed class ReadingStore(LegacyDatabase legacy, Func<Task> beforeRead) : LegacyStore(legacy)
    {
        public override async Task<Dictionary<string, LegacyRow>> ReadAsync(
            IReadOnlyCollection<string> orderIds, CancellationToken cancellationToken)
        {
            await beforeRead();
            return await base.ReadAsync(orderIds, cancellationToken);
        }
    }

    /// <summary>The first writer waits here for a second one, in vain if there is none.</summary>
    private sealed class MeetingStore(LegacyDatabase legacy) : LegacyStore(legacy)
    {
        private readonly TaskCompletionSource _two = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _in;

        public Task TwoAreIn => _two.Task;

        public override async Task<bool> TryInsertAsync(IReadOnlyCollection<LegacyRow> rows, CancellationToken cancellationToken)
        {
            if (Interlocked.Increment(ref _in) == 2)
            {
                _two.SetResult();
            }

            await _two.Task.WaitAsync(cancellationToken);
            return await base.TryInsertAsync(rows, cancellationToken);
        }
    }
}
