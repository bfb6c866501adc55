using Seckill.InventoryService.Sales;
using static Seckill.InventoryService.Dashboard.Words;

namespace Seckill.InventoryService.Dashboard;

/// <summary>What must hold before the next sale opens.</summary>
internal static class OpeningChecks
{
    /// <summary>Of the sale that opens next; null when none is planned.</summary>
    /// <param name="facts">Of now.</param>
    /// <param name="sales">As they are shown.</param>
    public static Opening? Of(Facts facts, IReadOnlyList<SaleView> sales) =>
        sales.Where(sale => sale.Phase is SalePhase.Planned or SalePhase.Upcoming && sale.OpensAt > facts.RedisNow)
            .MinBy(sale => (sale.OpensAt, sale.SaleId)) is { } next
            ? new Opening(
                next.SaleId, next.Name, next.OpensAt, facts.RedisNow, [Opened(next), Loaded(facts, next), Apis(facts), Audit(next)])
            : null;

    private static OpeningCheck Opened(SaleView sale) => sale.State == SaleState.Open
        ? new("opened", "Opened", Tone.Fine, "its window decides when it sells")
        : new("opened", "Opened", Tone.Off, "not yet: use Open on its card");

    private static OpeningCheck Loaded(Facts facts, SaleView sale)
    {
        var loaded = sale.Items.Count(item => item is { Books: not Tone.Off, Available: not null });
        var shown = sale.ItemsInAll > sale.Items.Count ? " that are shown" : "";
        var items = $"{Number(loaded)} of {Some(sale.Items.Count, "item")}{shown}";
        return !facts.Stores.Redis.IsUp ? new("loaded", "Stock loaded", Tone.Unknown, "unknown while Redis is down")
            : loaded == sale.Items.Count
            ? new("loaded", "Stock loaded", Tone.Fine, $"{items}, {Some(sale.Items.Sum(item => (long)item.Available!.Value), "unit")}")
            : new("loaded", "Stock loaded", Tone.Off, items);
    }

    private static OpeningCheck Apis(Facts facts) => facts.Traffic is not { } traffic
        ? new("apis", "APIs ready", Tone.Unknown, facts.Stores.Redis.IsUp ? "unknown" : "unknown while Redis is down")
        : new("apis", "APIs ready", traffic is { Apis: > 0, Workers: > 0 } ? Tone.Fine : Tone.Off,
            $"{Some(traffic.Apis, "API")} and {Some(traffic.Workers, "worker")} running");

    private static OpeningCheck Audit(SaleView sale)
    {
        var worst = sale.Items.Any(item => item.Books == Tone.Broken) ? Tone.Broken
            : sale.Items.Any(item => item.Books == Tone.Off) ? Tone.Off
            : sale.Items.Any(item => item.Books == Tone.Unknown) ? Tone.Unknown : Tone.Fine;
        return new("audit", "Audit balanced", worst, worst switch
        {
            Tone.Fine => "Redis equals PostgreSQL",
            Tone.Broken => sale.Items.First(item => item.Books == Tone.Broken).Finding ?? "",
            Tone.Off => "after it is opened",
            _ => sale.Items.FirstOrDefault(item => item.Finding is not null)?.Finding ?? "not audited yet",
        });
    }
}
