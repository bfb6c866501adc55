using System.Security.Cryptography;
using Seckill.LoadTests.Client;

namespace Seckill.LoadTests.Load;

/// <summary>The sale of a run, and the orders that can be sent.</summary>
public sealed class LoadSale
{
    private const long FirstSku = 1001;
    private const int MaximumQuantity = 2;
    private readonly OrderRequest[][] _orders;

    /// <param name="scenario">Names the sale and shapes its items.</param>
    /// <param name="settings">Sizes.</param>
    /// <param name="visitors">Number of visitors.</param>
    public LoadSale(Scenario scenario, LoadSettings settings, long visitors)
    {
        var now = TimeProvider.System.GetUtcNow();
        var stock = settings.Stock > 0 ? settings.Stock : Math.Min(2 * visitors * MaximumQuantity, 100_000_000);
        // Sale ids stay within 32 bits because the legacy schema's do. Opened a minute ago, for clocks that are a little behind.
        Sale = new Sale(
            RandomNumberGenerator.GetInt32(1, int.MaxValue), $"Load: {scenario.Name}", now.AddMinutes(-1), now.AddDays(1),
            settings.PaymentTimeoutSeconds,
            [.. Enumerable.Range(0, settings.Items).Select(Item)])
        {
            WaitingRoom = scenario.Room?.Invoke(settings),
        };
        Queue = Sale.WaitingRoom is null ? null : new QueueLog();
        _orders = [.. Sale.Items.Select(item => Enumerable.Range(1, MaximumQuantity)
            .Select(quantity => new OrderRequest(Sale.SaleId, item, quantity)).ToArray())];
        Absent = new OrderRequest(Sale.SaleId, Sale.Items[^1] with { SkuId = Sale.Items[^1].SkuId + 1 }, 1);

        SaleItem Item(int index)
        {
            var item = new SaleItem(FirstSku + index, stock, settings.LimitPerUser, 1999 + (500 * index), "EUR");
            return scenario.Item?.Invoke(index, item) ?? item;
        }
    }

    /// <summary>The sale as it is created.</summary>
    public Sale Sale { get; private set; }

    /// <summary>What the buyers saw of its waiting room; null when it has none.</summary>
    public QueueLog? Queue { get; }

    /// <summary>The sale with the units that were added later.</summary>
    public Sale Restocked => Sale with { Items = [.. Sale.Items.Select(item => item with { Allocated = item.Allocated + Added })] };

    /// <summary>An order for an item that is not for sale.</summary>
    public OrderRequest Absent { get; }

    /// <summary>The sale opens, and draws, only after this time.</summary>
    public void OpenIn(TimeSpan wait) => Sale = Sale with { OpensAt = TimeProvider.System.GetUtcNow() + wait };

    /// <summary>Units that were added to each item later.</summary>
    public int Added { get; set; }

    /// <summary>An order.</summary>
    /// <param name="item">Any number; items take turns.</param>
    /// <param name="quantity">1 or 2.</param>
    public OrderRequest Order(long item, int quantity) => _orders[item % _orders.Length][quantity - 1];
}
