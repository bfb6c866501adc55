namespace Seckill.Baselines;

/// <summary>
/// No shop at all: answers each order after a time of its own, 5 to 80 ms, as often between 5 and 10 as between 40 and 80. However it is
/// asked, by whomever, its answers take as long; so two load generators that ask it must see the same percentiles.
/// </summary>
internal sealed class WaitingShop : IShop
{
    private const double ShortestMilliseconds = 5;
    private const double LongestMilliseconds = 80;

    public Task OpenAsync(long saleId, long skuId, int stock, int limitPerUser) => Task.CompletedTask;

    public async Task<ShopOutcome> OrderAsync(OrderReserved order)
    {
#pragma warning disable CA5394 // Nobody gains by guessing it.
        var share = Random.Shared.NextDouble();
#pragma warning restore CA5394
        await Task.Delay(TimeSpan.FromMilliseconds(
            ShortestMilliseconds * Math.Pow(LongestMilliseconds / ShortestMilliseconds, share)));
        return ShopOutcome.Reserved;
    }
}
