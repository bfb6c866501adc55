using System.Globalization;
using Seckill.LoadTests.Client;
using Seckill.Shared.Security;

namespace Seckill.LoadTests.Demo;

/// <summary>
/// Draws the buyers of a sale from a seed. The same seed and sizes give the same clicks; the sale id is new in every run,
/// so one system takes the same crowd many times.
/// </summary>
public static class Crowd
{
    private static readonly TimeSpan s_tokenLifetime = TimeSpan.FromHours(24);

    /// <summary>All buyers, user ids 1 to <paramref name="buyers"/>, tokens signed.</summary>
    /// <param name="sale">What they want.</param>
    /// <param name="buyers">How many.</param>
    /// <param name="seed">Decides what each of them does.</param>
    /// <param name="tokens">Signs their tokens.</param>
    public static IReadOnlyList<DemoBuyer> Draw(Sale sale, int buyers, int seed, BuyerToken tokens)
    {
        var random = new Random(seed);
        var bodies = sale.Items.ToDictionary(
            item => item,
            item => new[] { new OrderRequest(sale.SaleId, item, 1), new OrderRequest(sale.SaleId, item, 2) });
        var crowd = new DemoBuyer[buyers];
        for (var index = 0; index < buyers; index++)
        {
            var userId = index + 1L;
            crowd[index] = new DemoBuyer(
                userId, "Bearer " + tokens.Sign(userId, s_tokenLifetime), DrawClicks(sale, bodies, userId, random));
        }

        return crowd;
    }

    private static Click[] DrawClicks(Sale sale, Dictionary<SaleItem, OrderRequest[]> bodies, long userId, Random random)
    {
        var item = sale.Items[random.Next(sale.Items.Count)];
        var quantity = item.LimitPerUser >= 2 && random.Next(4) == 0 ? 2 : 1;
        var request = bodies[item][quantity - 1];
        var key = string.Create(CultureInfo.InvariantCulture, $"{userId}-{item.SkuId}-{random.Next():x}");
        return random.Next(100) switch
        {
            // Clicks once and waits.
            < 45 => [new(request, random.Next(2) == 0 ? key : null)],
            // The app retries the same click.
            < 65 => [new(request, key), new(request, key)],
            // Clicks again, which is a new order unless the limit says no.
            < 80 => [new(request, null), new(request, null)],
            // The app retries, and then the buyer clicks again.
            < 86 => [new(request, key), new(request, key), new(request, null)],
            // A broken app: another quantity under the same key.
            < 88 when item.LimitPerUser >= 2 => [new(bodies[item][0], key), new(bodies[item][1], key)],
            // Wants everything.
            _ => [.. sale.Items.Select(other => new Click(bodies[other][0], null)).OrderBy(_ => random.Next()), new(request, key)],
        };
    }
}
