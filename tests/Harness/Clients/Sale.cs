using System.Text.Json;
using Seckill.Tests.Harness.Processes;

namespace Seckill.Tests.Harness.Clients;

/// <summary>A sale of its own, with random ids, as ops create and open it over HTTP.</summary>
internal sealed class Sale
{
    /// <summary>Of each item, in cents.</summary>
    public const int UnitPrice = 1999;

    private readonly ServiceProcess _inventory;

    private Sale(ServiceProcess inventory, int items, int units, int limitPerUser, bool fitsLegacy)
    {
        (_inventory, Units, LimitPerUser, FitsLegacy) = (inventory, units, limitPerUser, fitsLegacy);
        Id = RandomId(fitsLegacy);
        Skus = [.. Enumerable.Range(0, items).Select(_ => RandomId(fitsLegacy))];
    }

    public long Id { get; }

    /// <summary>Whether its ids, and those of its buyers, are small enough for the legacy schema.</summary>
    public bool FitsLegacy { get; }

    public IReadOnlyList<long> Skus { get; }

    /// <summary>Allocated to each item.</summary>
    public int Units { get; }

    public int LimitPerUser { get; }

    /// <summary>Creates the sale and opens it.</summary>
    public static async Task<Sale> OpenAsync(
        ServiceProcess inventory, int units, int items = 1, int limitPerUser = 1, bool fitsLegacy = false, int paymentTimeoutSeconds = 3600,
        DateTimeOffset? closesAt = null, object? waitingRoom = null)
    {
        var sale = new Sale(inventory, items, units, limitPerUser, fitsLegacy);
        await Operator.AskAsync(inventory, HttpMethod.Post, "/sales", new
        {
            saleId = sale.Id,
            name = "A scenario",
            opensAt = TimeProvider.System.GetUtcNow().AddMinutes(-1),
            closesAt = closesAt ?? TimeProvider.System.GetUtcNow().AddHours(1),
            paymentTimeoutSeconds,
            items = sale.Skus.Select(skuId => new { skuId, allocated = units, limitPerUser, unitPrice = UnitPrice, currency = "EUR" }),
            waitingRoom,
        });
        await sale.OpenAgainAsync(inventory);
        return sale;
    }

    /// <summary>Opening is repeatable, at any inventory service.</summary>
    public Task OpenAgainAsync(ServiceProcess inventory) => Operator.AskAsync(inventory, HttpMethod.Post, $"/sales/{Id}/open");

    /// <summary>What <c>GET /sales/{id}/ledger</c> says.</summary>
    public Task<JsonElement> LedgerAsync(ServiceProcess? inventory = null) =>
        Operator.AskAsync(inventory ?? _inventory, HttpMethod.Get, $"/sales/{Id}/ledger");

    /// <summary>What <c>POST /sales/{id}/audit</c> says.</summary>
    public Task<JsonElement> AuditAsync(ServiceProcess inventory, string query = "") =>
        Operator.AskAsync(inventory, HttpMethod.Post, $"/sales/{Id}/audit{query}");

    // Never the small ids that people and other tests use.
    private static long RandomId(bool fitsLegacy) =>
        fitsLegacy ? Random.Shared.Next(1 << 30, int.MaxValue) : Random.Shared.NextInt64(1L << 40, long.MaxValue);
}
