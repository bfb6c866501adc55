
using Seckill.Shared.Stock;

using static Seckill.Shared.Stock.ReserveOutcome;

namespace Seckill.Shared.Tests.Stock;

/// <summary>
/// Requests of one call decide one after another, each on what those before it have left. The script keeps that in Lua tables and
/// writes once at the end, so every table must be carried along: limit, stock, outbox depth, orders and keys.
/// </summary>
public sealed class ReserveInBatchesTests
{
    private readonly long _user = TestItem.NewId() >> 1;

    [Fact]
    public async Task The_limit_counts_what_the_same_user_got_earlier_in_the_call()
    {
        var item = await TestItem.OpenAsync(limit: 2);
        var answers = await item.ReserveAsync(new(_user), new(_user + 1), new(_user), new(_user), new(_user + 1));
        Assert.Equal([Reserved, Reserved, Reserved, LimitReached, Reserved], Outcomes(answers));
        Assert.Equal([answers[0].OrderId, answers[2].OrderId], answers[3].Detail);
        await item.AssertConsistentAsync();
    }

    [Fact]
    public async Task The_same_key_twice_in_a_call_is_one_order()
    {
        var item = await TestItem.OpenAsync(limit: 2);
        var answers = await item.ReserveAsync(new(_user, 1, "a"), new(_user, 1, "a"), new(_user, 2, "a"), new(_user, 1, "b"));
        Assert.Equal([Reserved, Replayed, KeyReused, Reserved], Outcomes(answers));
        Assert.Equal(answers[0].OrderId, answers[1].Detail[0]);
        Assert.Equal(2, (await item.InspectAsync()).Held);
        await item.AssertConsistentAsync();
    }

    [Fact]
    public async Task The_last_unit_goes_to_the_first_who_asks()
    {
        var item = await TestItem.OpenAsync(units: 2);
        var answers = await item.ReserveAsync(new(_user), new(_user + 1, 2), new(_user + 2), new(_user + 3));
        Assert.Equal([Reserved, SoldOut, Reserved, SoldOut], Outcomes(answers));
        await item.AssertConsistentAsync();
    }

    [Fact]
    public async Task The_outbox_bound_holds_within_a_call()
    {
        var item = await TestItem.OpenAsync();
        await item.ReserveOneAsync(_user);
        Assert.Equal(
            [Reserved, OutboxFull, LimitReached],
            Outcomes(await item.ReserveWithBoundAsync(outboxBound: 2, new(_user + 1), new(_user + 2), new(_user + 3, 9))));
    }

    [Fact]
    public async Task User_ids_of_64_bits_stay_whole()
    {
        // A Lua number holds 53 bits: these two would become one user.
        var item = await TestItem.OpenAsync(limit: 1);
        long[] users = [long.MaxValue, long.MaxValue - 1, 9007199254740993, 9007199254740992];
        var answers = await item.ReserveAsync([.. users.Select(user => new Ask(user, 1, "key"))]);
        Assert.All(answers, answer => Assert.Equal(Reserved, answer.Outcome));
        foreach (var (user, answer) in users.Zip(answers))
        {
            Assert.Equal(user, (await TestItem.Ledger.FindHoldAsync(item.Keys, answer.OrderId))!.Value.Hold.UserId);
            Assert.Equal([answer.OrderId], Assert.Single(await item.ReserveAsync(new Ask(user))).Detail);
        }

        Assert.Equal(users, (await new BuyerLog(Servers.Redis).ReadAsync(item.Keys, 0))!.Users);
        await item.AssertConsistentAsync();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(33)]
    [InlineData(255)]
    [InlineData(256)]
    [InlineData(ReserveBatch.MaximumSize)]
    public async Task A_call_of_any_size_sells_exactly_what_there_is(int size)
    {
        var item = await TestItem.OpenAsync(units: size - 1, limit: 1);
        var answers = await item.ReserveAsync([.. Enumerable.Range(0, size).Select(i => new Ask(_user + i, 1, $"key-{i}"))]);
        Assert.Equal(size - 1, answers.Count(answer => answer.Outcome == Reserved));
        Assert.Equal(SoldOut, answers[^1].Outcome);
        Assert.Equal(
            answers.Where(answer => answer.Outcome == Reserved).Select(answer => answer.OrderId).Order(StringComparer.Ordinal),
            (await item.OutboxAsync()).Order(StringComparer.Ordinal));
        await item.AssertConsistentAsync();
    }

    [Fact]
    public async Task A_small_batch_in_the_array_of_a_larger_one_sells_only_its_own()
    {
        var item = await TestItem.OpenAsync(units: 100, limit: 1);
        var batch = new ReserveBatch(8);
        foreach (var size in new[] { 8, 5, 7, 1 })
        {
            batch.Clear();
            for (var i = 0; i < size; i++)
            {
                var suffix = new byte[OrderId.SuffixLength];
                OrderId.FillSuffix(suffix);
                batch.Add(suffix, TestItem.NewId(), 1, null);
            }

            await TestItem.Ledger.ReserveAsync(item.Keys, batch, TestItem.NoBound);
        }

        Assert.Equal(8 + 5 + 7 + 1, (await item.InspectAsync()).Held);
        await item.AssertConsistentAsync();
    }

    [Fact]
    public async Task A_Redis_that_has_forgotten_its_scripts_is_told_them_again()
    {
        var item = await TestItem.OpenAsync();
        await item.ReserveOneAsync(_user);
        await Servers.Database.ExecuteAsync("SCRIPT", "FLUSH");
        await item.ReserveOneAsync(_user + 1);
        await Servers.Database.ExecuteAsync("SCRIPT", "FLUSH");
        Assert.Equal(2, (await item.InspectAsync()).Held);
        await item.AssertConsistentAsync();
    }

    [Fact]
    public async Task Many_callers_at_once_sell_exactly_what_there_is()
    {
        var item = await TestItem.OpenAsync(units: 500, limit: 3);
        var calls = Enumerable.Range(0, 64).Select(_ => Task.Run(() => item.ReserveAsync(
            [.. Enumerable.Range(0, 32).Select(_ => new Ask(_user + Random.Shared.Next(400), Random.Shared.Next(1, 4)))])));
        var answers = (await Task.WhenAll(calls).InTime()).SelectMany(answer => answer).ToList();
        var state = await item.InspectAsync();
        Assert.Equal(0, state.Available);
        Assert.Equal(500, state.Held);
        Assert.Equal(answers.Count(answer => answer.Outcome == Reserved), state.OutboxDepth);
        await item.AssertConsistentAsync();
    }

    private static IEnumerable<ReserveOutcome> Outcomes(IEnumerable<ReserveAnswer> answers) => answers.Select(answer => answer.Outcome);
}
