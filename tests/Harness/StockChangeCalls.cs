using Seckill.InventoryService.Ledger;
using Seckill.Shared.Stock;

namespace Seckill.Tests.Harness;

/// <summary>Changes of stock that are not partial, in few words, and only their outcome.</summary>
internal static class StockChangeCalls
{
    public static async Task<StockChangeOutcome> ChangeAsync(
        this StockChanges changes, ItemKey item, string key, int delta, CancellationToken cancellationToken) =>
        (await changes.ChangeAsync(new StockChange(item, key, delta), cancellationToken)).Outcome;

    public static async Task<StockChangeOutcome> FinishAsync(
        this StockChanges changes, ItemKey item, string key, int delta, CancellationToken cancellationToken) =>
        (await changes.FinishAsync(new StockChange(item, key, delta), cancellationToken)).Outcome;

    public static async Task<AdjustOutcome> AdjustAsync(
        this StockLedger stock, ItemKeys item, string key, int units, long startedAt = 0, int epoch = int.MaxValue) =>
        (await stock.AdjustAsync(item, new StockAdjustment(key, units, startedAt, epoch))).Outcome;
}
