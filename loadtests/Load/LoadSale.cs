using System.Security.Cryptography;
using Seckill.LoadTests.Client;

namespace Seckill.LoadTests.Load;

/// <summary>The sale of a run, with what may be ordered of it.</summary>
public sealed class LoadSale
{
    private const long FirstSku = 1001;
    private const int MostUnitsInAnOrder = 2;
    private readonly OrderRequest[][] _orders;

    /// <param name="name">For people.</param>
    /// <param name="settings">Sizes.</param>
    /// <param name="visitors">How many come.</param>
    public LoadSale(string name, LoadSettings settings, long visitors)
    {
        var now = TimeProvider.System.GetUtcNow();
        var stock = settings.Stock > 0 ? settings.Stock : Math.Min(2 * visitors * MostUnitsInAnOrder, 100_000_000);
        // Sale ids stay within 32 bits because the legacy schema's do. Opened a minute ago, for clocks that are a little behind ours.
        Sale = new Sale(
            RandomNumberGenerator.GetInt32(1, int.MaxValue), $"Load: {name}", now.AddMinutes(-1), now.AddDays(1),
            settings.PaymentTimeoutSeconds,
            [.. Enumerable.Range(0, settings.Items).Select(index =>
                new SaleItem(FirstSku + index, stock, settings.LimitPerUser, 1999 + (500 * index), "EUR"))]);
        _orders = [.. Sale.Items.Select(item => Enumerable.Range(1, MostUnitsInAnOrder)
            .Select(quantity => new OrderRequest(Sale.SaleId, item, quantity)).ToArray())];
        Absent = new OrderRequest(Sale.SaleId, Sale.Items[^1] with { SkuId = FirstSku + settings.Items }, 1);
    }

    /// <summary>As it is created.</summary>
    public Sale Sale { get; }

    /// <summary>An order for an item that is not for sale.</summary>
    public OrderRequest Absent { get; }

    /// <summary>Units that were added to each item later.</summary>
    public int Added { get; set; }

    /// <summary>An order.</summary>
    /// <param name="item">Any number; items take turns.</param>
    /// <param name="quantity">1 or 2.</param>
    public OrderRequest Order(long item, int quantity) => _orders[item % _orders.Length][quantity - 1];
}
