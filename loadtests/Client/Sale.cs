using System.Text.Json.Serialization;

namespace Seckill.LoadTests.Client;

/// <summary>A sale, as <c>POST /sales</c> takes it.</summary>
/// <param name="SaleId">Positive.</param>
/// <param name="Name">For people.</param>
/// <param name="OpensAt">First moment at which orders are taken.</param>
/// <param name="ClosesAt">From this moment on no order is taken.</param>
/// <param name="PaymentTimeoutSeconds">Seconds until an unpaid order gives its units back.</param>
/// <param name="Items">What is for sale.</param>
public sealed record Sale(
    long SaleId,
    string Name,
    DateTimeOffset OpensAt,
    DateTimeOffset ClosesAt,
    int PaymentTimeoutSeconds,
    IReadOnlyList<SaleItem> Items)
{
    /// <summary>Its waiting room; null for none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public SaleRoom? WaitingRoom { get; init; }

    /// <summary>The item with this SKU, or null when the sale does not have it.</summary>
    public SaleItem? Find(long skuId) => Items.FirstOrDefault(item => item.SkuId == skuId);
}
