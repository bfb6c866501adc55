using Seckill.Shared.Contracts;
using Seckill.Shared.Stock;

namespace Seckill.Shared.Tests.Stock;

/// <summary>
/// Promise: no unit is sold from stock that has lost writes, where the caller knows of newer stock. Each change counts once and is
/// answered with its number; who knows a higher one gets nothing, and the item is stopped for everyone, by the same call. Mutants: a change
/// that does not count; a comparison that leaves out the epoch, or takes equal for older; a stop that sells the batch first.
/// </summary>
public sealed class StockVersionTests
{
    [Fact]
    public async Task Each_change_of_stock_counts_once_and_a_refusal_does_not()
    {
        var item = await TestItem.OpenAsync(units: 3, limit: 1);
        var repair = new StockRepair(Servers.Redis);
        var seq = (await item.InspectAsync()).Seq;
        Assert.Equal(1, seq);

        var answers = await item.ReserveAsync(new Ask(1), new Ask(2), new Ask(1));
        await CountedAsync("two orders of one batch", 1);
        Assert.All(answers, answer => Assert.Equal(new StockVersion(1, seq), answer.Version));
        Assert.Equal(seq, Assert.Single(await item.ReserveAsync(new Ask(1))).Version.Seq);
        await CountedAsync("refused clicks", 0);

        var writes = new List<StockWrite>();
        await TestItem.Ledger.ReleaseAsync(item.Keys, [answers[0].OrderId], writes);
        await CountedAsync("a return", 1);
        await TestItem.Ledger.ReleaseAsync(item.Keys, [answers[0].OrderId], writes);
        await CountedAsync("a return that is repeated, because nobody may have recorded the first", 1);
        await TestItem.Ledger.AdjustAsync(item.Keys, new StockAdjustment("more", 5, 1, 1), writes);
        await CountedAsync("more stock", 1);
        await TestItem.Ledger.AdjustAsync(item.Keys, new StockAdjustment("more", 5, 1, 1), writes);
        await CountedAsync("more stock, repeated", 1);
        await TestItem.Ledger.AdjustAsync(item.Keys, new StockAdjustment("less", -50, 1, 1), writes);
        await CountedAsync("a refused withdrawal", 0);
        HoldToRestore[] lost = [new(answers[0].OrderId, 1, 1, answers[0].ReservedAt.UtcDateTime)];
        await repair.RestoreAsync(item.Keys, lost, await repair.DeadlineAsync(item.Keys), writes);
        await CountedAsync("a restored hold", 1);
        await repair.RestoreAsync(item.Keys, lost, await repair.DeadlineAsync(item.Keys), writes);
        await CountedAsync("a hold that is there", 0);
        Assert.Equal([seq - 4, seq - 3, seq - 2, seq - 1, seq], writes.Select(write => write.Version.Seq));
        await repair.CorrectAsync(item.Keys, (await item.InspectAsync()).Repairs, 0, 0, 0);
        await CountedAsync("a corrected counter", 1);

        async Task CountedAsync(string what, int changes)
        {
            seq += changes;
            Assert.Equal((what, seq), (what, (await item.InspectAsync()).Seq));
        }
    }

    [Theory]
    [InlineData(0, 1, "lost")]
    [InlineData(1, -1_000, "lost")]
    [InlineData(0, 0, "open")]
    [InlineData(0, -1, "open")]
    [InlineData(-1, 1_000, "open")]
    public async Task Stock_that_is_older_than_its_caller_knows_is_not_sold_and_stopped(int epochs, long changes, string state)
    {
        var item = await TestItem.OpenAsync();
        var version = Assert.Single(await item.ReserveAsync(new Ask(1))).Version;
        var before = await item.InspectAsync();
        var answer = Assert.Single(await item.ReserveKnowingAsync(
            new StockVersion(version.Epoch + epochs, version.Seq + changes), TestItem.NoBound, new Ask(2)));
        var isLost = state == "lost";
        Assert.Equal((isLost, isLost ? ReserveOutcome.UnknownItem : ReserveOutcome.Reserved), (answer.HasLostWrites, answer.Outcome));
        Assert.Equal(isLost ? version : version with { Seq = version.Seq + 1 }, answer.Version);
        var after = await item.InspectAsync();
        Assert.Equal((state, before.Available - (isLost ? 0 : 1)), (after.State.Text(), after.Available));
        var next = Assert.Single(await item.ReserveAsync(new Ask(3)));
        Assert.Equal(answer.Outcome, next.Outcome);
    }

    [Fact]
    public async Task An_item_that_was_closed_by_hand_is_closed_again_after_its_rebuild()
    {
        var item = await TestItem.OpenAsync();
        await TestItem.Ledger.CloseAsync(item.Keys, 1);
        await item.ReserveKnowingAsync(new StockVersion(1, 1_000), TestItem.NoBound, new Ask(1));
        Assert.Equal(ItemState.Lost, (await item.InspectAsync()).State);
        Assert.Equal("closed", await Servers.Database.HashGetAsync(item.Keys.State, "after"));
    }

    [Fact]
    public async Task Stock_that_an_older_version_made_counts_from_its_first_change()
    {
        var item = await TestItem.OpenAsync();
        await Servers.Database.HashDeleteAsync(item.Keys.State, "seq");
        Assert.Equal(0, (await item.InspectAsync()).Seq);
        Assert.Equal(new StockVersion(1, 1), Assert.Single(await item.ReserveAsync(new Ask(1))).Version);
    }
}
