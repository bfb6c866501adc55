using System.Globalization;
using System.Text.Json.Nodes;
using Seckill.LoadTests.Client;
using Seckill.Shared.Security;

namespace Seckill.Fuzz.Cases;

/// <summary>An order that a buyer has.</summary>
internal readonly record struct KnownOrder(string OrderId, long UserId);

/// <summary>
/// The sales, buyers and orders that the single requests are about: sales that are open, not yet open, closed, and never opened. Each
/// sequence has a sale of its own beside these.
/// </summary>
internal sealed class Stage
{
    public const long FirstSku = 1001;
    public const long UnitPrice = 1999;
    private readonly BuyerToken _buyers;
    private readonly PaymentSignature _payments;

    /// <param name="target">The system.</param>
    /// <param name="firstSaleId">This one and the next two million ids are not in use.</param>
    public Stage(LoadTarget target, long firstSaleId)
    {
        (FirstSaleId, OpsKey) = (firstSaleId, target.OpsKey);
        _buyers = new BuyerToken(target.BuyerTokenKey, TimeProvider.System);
        _payments = new PaymentSignature(target.PaymentKey, TimeProvider.System);
    }

    public string OpsKey { get; }

    public long FirstSaleId { get; }

    public long OpenSale => FirstSaleId;

    public long UpcomingSale => FirstSaleId + 1;

    public long ClosedSale => FirstSaleId + 2;

    public long CreatedSale => FirstSaleId + 3;

    public long UnknownSale => FirstSaleId + 4;

    public static IReadOnlyList<long> Users { get; } = [7001, 7002, 7003];

    public IReadOnlyList<long> Sales => [OpenSale, OpenSale, OpenSale, UpcomingSale, ClosedSale, CreatedSale, UnknownSale];

    /// <summary>Orders of the open sale.</summary>
    public List<KnownOrder> Orders { get; } = [];

    /// <summary>The id of the sale that a case creates.</summary>
    public long SaleOf(int number) => FirstSaleId + 1_000 + number;

    public string TokenOf(long userId, int seconds = 3_600) => _buyers.Sign(userId, TimeSpan.FromSeconds(seconds));

    public string SignatureOf(byte[] body) => _payments.Sign(System.Text.Encoding.UTF8.GetString(body));

    /// <summary>A sale to create, as JSON.</summary>
    /// <param name="saleId">Its id.</param>
    /// <param name="items">Items, with SKUs from <see cref="FirstSku"/>.</param>
    /// <param name="units">Units of each item.</param>
    /// <param name="limit">Units for each user.</param>
    /// <param name="opensIn">Hours until it opens; negative when it has.</param>
    /// <param name="paymentTimeoutSeconds">Time to pay.</param>
    public static JsonObject NewSale(
        long saleId, int items = 2, int units = 1_000_000, int limit = 100, int opensIn = -1, int paymentTimeoutSeconds = 604_800)
    {
        var now = TimeProvider.System.GetUtcNow();
        string Time(int hours) => now.AddHours(hours).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        return new JsonObject
        {
            ["saleId"] = saleId,
            ["name"] = "Fuzz ☃ 𝄞",
            ["opensAt"] = Time(opensIn),
            ["closesAt"] = Time(opensIn + 24),
            ["paymentTimeoutSeconds"] = paymentTimeoutSeconds,
            ["items"] = new JsonArray([.. Enumerable.Range(0, items).Select(item => new JsonObject
            {
                ["skuId"] = FirstSku + item, ["allocated"] = units, ["limitPerUser"] = limit, ["unitPrice"] = UnitPrice,
                ["currency"] = "EUR",
            })]),
        };
    }
}
