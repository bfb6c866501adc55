
using Seckill.Tests.Harness.Clients;
using Seckill.Tests.Harness.Processes;

namespace Seckill.Tests.Harness.Checks;

/// <summary>
/// Looks at a sale again and again while it goes on: stock for sale never grows, and live units never pass the allocation.
/// </summary>
internal sealed class StockWatch(StoreConnections servers, Sale sale) : IAsyncDisposable
{
    private static readonly TimeSpan s_pace = TimeSpan.FromMilliseconds(10);
    private readonly CancellationTokenSource _over = new();
    private Task<int>? _watch;

    /// <summary>Begins to look.</summary>
    public StockWatch Begin()
    {
        _watch = Task.Run(WatchAsync);
        return this;
    }

    /// <summary>Ends, and fails if anything wrong was seen.</summary>
    public async Task EndAsync()
    {
        await _over.CancelAsync();
        Assert.True(await _watch! > 0, "Nobody looked.");
    }

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        _over.Dispose();
    }

    private async Task<int> WatchAsync()
    {
        var lowest = sale.Skus.ToDictionary(sku => sku, _ => sale.Units);
        var looks = 0;
        for (; !_over.IsCancellationRequested; looks++)
        {
            foreach (var sku in sale.Skus)
            {
                var available = (int)await servers.Redis.HashGetAsync($"seckill:{{{sale.Id}:{sku}}}:item", "available");
                Assert.InRange(available, 0, lowest[sku]);
                lowest[sku] = available;
                Assert.InRange(await Books.CountLiveAsync(servers, sale, sku), 0, sale.Units);
            }

            await Task.Delay(s_pace);
        }

        return looks;
    }
}
