using Seckill.InventoryService.Audit;
using Seckill.InventoryService.Backlog;
using Seckill.InventoryService.Sales;

namespace Seckill.InventoryService.Dashboard;

/// <summary>A condition of the system that an operator should know, in words.</summary>
/// <param name="Key">Constant while the condition holds.</param>
/// <param name="Tone">Broken, or fine for news.</param>
/// <param name="Headline">The condition.</param>
/// <param name="Detail">Its effect; may change while it holds.</param>
/// <param name="Over">Headline once it no longer holds.</param>
internal sealed record Condition(string Key, Tone Tone, string Headline, string Detail, string Over)
{
    /// <summary>Start of the condition, UTC, if it is known better than by the first snapshot with it.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Conditions of stores and audit, known also without a viewer. The worst first.</summary>
    public static IEnumerable<Condition> OfStores(Facts facts)
    {
        var wait = facts.Outbox is { } outbox ? Waiting(outbox) : "Orders wait in the outbox";
        // The auditor or the rows notice it first. It is one condition, and the other findings of such an item add nothing.
        var lost = Math.Max(facts.Lost, facts.Unbalanced.Count(IsLost));
        ItemAudit[] unbalanced = [.. facts.Unbalanced.Where(audit => !IsLost(audit))];
        return Holding(
            Down("redis", "Redis", "New orders get 503 with Retry-After. Accepted orders are on its disk.", facts.Stores.Redis),
            Down("postgres", "PostgreSQL", wait + "; the sale continues.", facts.Stores.Postgres),
            Down("rabbitmq", "RabbitMQ", wait + "; buyers notice nothing.", facts.Stores.RabbitMq),
            lost == 0 ? null : Broken(
                "lost", "Redis has lost data", $"Not for sale until the rebuild: {Some(lost, "item")}.", "The lost data is rebuilt"),
            // News of ten minutes: a rebuild may be done between two looks.
            facts.Orders is not { Totals.ItemsRebuilt: > 0 and var rebuilt } ? null : new(
                "rebuilt", Tone.Fine, "Stock was rebuilt", $"{Some(rebuilt, "item")}, within the last ten minutes.",
                "No stock was rebuilt for ten minutes"),
            unbalanced is [] ? null : Broken(
                "books", "The audit finds broken equations",
                string.Join("; ", unbalanced.Take(3).Select(Words)) + ". Find the cause, then repair.",
                "The audit finds no broken equation any more"));
    }

    /// <summary>Whether a condition with this key is one of <see cref="OfStores"/>.</summary>
    public static bool IsOfStores(string key) => key is "redis" or "postgres" or "rabbitmq" or "books";

    /// <summary>Whether a condition with this key would be detected: sales that are no longer shown are not checked.</summary>
    public static bool IsLookedFor(string key, Facts facts) =>
        key.Split(':') is not [_, var sale, ..] || facts.Orders?.Items.Any(item => $"{item.SaleId}" == sale) == true;

    /// <summary>Conditions that are checked only for a viewer. The worst first.</summary>
    public static IEnumerable<Condition> OfRoad(Facts facts)
    {
        var wait = Waiting(facts.Outbox ?? 0);
        var refused = facts.Traffic?.Refused.Where(refusal => refusal.Tone == Tone.Broken).ToList() ?? [];
        return Holding(
            facts.Traffic is not { Apis: 0 } ? null : Broken(
                "api", "No API is running", "Buyers get no answer.", "An API is running again"),
            facts.Traffic is not { Workers: 0 } ? null : Broken(
                "worker", "No worker is running", wait + "; buyers notice nothing.", "A worker is running again"),
            !facts.IsStuck ? null : Broken(
                "stuck", "Orders are stuck in the outbox",
                $"{wait}, the oldest for {RoadPicture.Seconds(facts.OldestSeconds)}, and all stores are up.", "Orders move again"),
            // While a store is down, these are only its consequence.
            !facts.RoadIsFree || facts.Lost > 0 || refused is [] ? null : Broken(
                "refusals", "Buyers get 503 for a technical reason",
                $"{RoadPicture.Number((long)Math.Ceiling(refused.Sum(refusal => refusal.PerSecond)))} a second: "
                + string.Join(", ", refused.Select(refusal => refusal.Reason.Replace('-', ' '))) + ".",
                "No buyer gets 503 for a technical reason any more"),
            !facts.ReturnsAreStuck || facts.Tables is not { } tables ? null : Broken(
                "returns", "Stock does not come back",
                $"{Some(tables.Returns, "closed order")} {(tables.Returns == 1 ? "keeps its" : "keep their")} units, "
                + $"the oldest for {RoadPicture.Seconds(tables.OldestReturnSeconds)}.", "Stock comes back again"),
            !facts.LegacyIsDown ? null : Broken(
                "legacy", "The legacy database is down",
                $"{RoadPicture.Number(facts.Orders!.DualWrite.Pending)} changes wait for it; sales continue.",
                "The legacy database is up again"),
            facts.Queues is not { DeadLetters: > 0 and var dead } ? null : Broken(
                "dead-letters", "Messages are in the dead-letter queue",
                $"{Some(dead, "message")}. Their orders are published again from the outbox.", "The dead-letter queue is empty"),
            facts.Tables is not { Quarantined: > 0 and var quarantined } ? null : Broken(
                "quarantine", "Orders are in quarantine",
                $"{Some(quarantined, "order")} could not be persisted. Remove the cause, then replay.", "The quarantine is empty"),
            !facts.SchemasDiffer ? null : Broken(
                "differ", "The two schemas differ",
                $"{Some(facts.Orders!.DualWrite.Mismatched + facts.Orders.DualWrite.Missing, "order")}. "
                + "Check the discrepancies, then repair.", "The two schemas agree again"))
            .Concat(OfSales(facts));
    }

    private static IEnumerable<Condition> OfSales(Facts facts)
    {
        foreach (var sale in facts.Orders?.Items.GroupBy(item => item.SaleId) ?? [])
        {
            var first = sale.First();
            if (first.State == SaleState.Open && facts.Now >= first.OpensAt && facts.Now < first.ClosesAt)
            {
                yield return new(
                    $"on:{first.SaleId}", Tone.Fine, $"{first.Name} is on", $"Sale {first.SaleId}.", $"{first.Name} is no longer on");
                foreach (var item in sale.Where(item => facts.StockOf(item)?.Snapshot is { Available: <= 0, Held: > 0 }))
                {
                    yield return new($"sold:{item.SaleId}:{item.SkuId}", Tone.Fine, $"SKU {item.SkuId} is sold out", first.Name,
                        $"SKU {item.SkuId} is for sale again");
                }
            }
        }
    }

    private static IEnumerable<Condition> Holding(params Condition?[] conditions) => conditions.OfType<Condition>();

    private static Condition Broken(string key, string headline, string detail, string over) =>
        new(key, Tone.Broken, headline, detail, over);

    private static Condition? Down(string key, string name, string meaning, StoreState store) => store.IsUp ? null
        : Broken(key, $"{name} is down", meaning, $"{name} is up again") with { Since = store.Since };

    private static string Some(long many, string what) => $"{RoadPicture.Number(many)} {what}{(many == 1 ? "" : "s")}";

    private static string Waiting(long orders) => $"{Some(orders, "order")} {(orders == 1 ? "waits" : "wait")} in the outbox";

    private static bool IsLost(ItemAudit audit) => audit.Findings.Any(finding => finding.Kind == BreakKind.StockLost);

    private static string Words(ItemAudit audit) =>
        $"{audit.Item}: " + string.Join(", ", audit.Findings.Select(finding => BreakKindConverter.Name(finding.Kind)).Distinct());
}
