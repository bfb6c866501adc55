
using Seckill.InventoryService.Audit;
using Seckill.Shared.Stock;

namespace Seckill.InventoryService.Dashboard;

/// <summary>Something that holds at the moment and that people should hear of, in words.</summary>
/// <param name="Key">The same for as long as it holds.</param>
/// <param name="Tone">Broken, or fine for news.</param>
/// <param name="Headline">What is so.</param>
/// <param name="Detail">What it means; may change while it holds.</param>
/// <param name="Over">What is said when it no longer holds.</param>
internal sealed record Condition(string Key, Tone Tone, string Headline, string Detail, string Over)
{
    /// <summary>Since when, where that is known better than by the first look that saw it; UTC.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>What the stores and the auditor say, known also while nobody looks at the dashboard. The worst first.</summary>
    public static IEnumerable<Condition> OfStores(Facts facts)
    {
        var wait = facts.Outbox is { } outbox ? Waiting(outbox) : "Orders wait in the outbox";
        if (!facts.Stores.Redis.IsUp)
        {
            yield return Away(
                "redis", "Redis", "New orders get 503 with Retry-After. What was accepted is on its disk.", facts.Stores.Redis);
        }

        if (!facts.Stores.Postgres.IsUp)
        {
            yield return Away("postgres", "PostgreSQL", wait + "; the sale goes on.", facts.Stores.Postgres);
        }

        if (!facts.Stores.RabbitMq.IsUp)
        {
            yield return Away("rabbitmq", "RabbitMQ", wait + "; buyers notice nothing.", facts.Stores.RabbitMq);
        }

        // Whichever notices first, the auditor or a look at the rows: it is one thing, and the books of such an item say nothing more.
        var lost = Math.Max(facts.Lost, facts.Unbalanced.Count(IsLost));
        if (lost > 0)
        {
            yield return new("lost", Tone.Broken, "Redis has lost data",
                $"Not sold until the rebuild: {Some(lost, "item")}.", "What Redis had lost is rebuilt");
        }

        ItemAudit[] unbalanced = [.. facts.Unbalanced.Where(audit => !IsLost(audit))];
        if (unbalanced.Length > 0)
        {
            yield return new("books", Tone.Broken, "The books are out of balance",
                string.Join("; ", unbalanced.Take(3).Select(Words)) + ". Find out why, then repair.", "The books balance again");
        }
    }

    /// <summary>Whether a condition with this key is one of <see cref="OfStores"/>.</summary>
    public static bool IsOfStores(string key) => key is "redis" or "postgres" or "rabbitmq" or "books";

    /// <summary>Whether it could be among all conditions: of a sale that is not shown any more nothing is known.</summary>
    public static bool IsLookedFor(string key, Facts facts) =>
        key.Split(':') is not [_, var sale, ..] || facts.Orders?.Items.Any(item => $"{item.SaleId}" == sale) == true;

    /// <summary>What is known only while somebody looks. The worst first.</summary>
    public static IEnumerable<Condition> OfRoad(Facts facts)
    {
        var wait = Waiting(facts.Outbox ?? 0);
        if (facts.Traffic is { Apis: 0 })
        {
            yield return new("api", Tone.Broken, "No API is running", "Buyers get no answer.", "An API is running again");
        }

        if (facts.Traffic is { Workers: 0 })
        {
            yield return new("worker", Tone.Broken, "No worker is running", wait + "; buyers notice nothing.", "A worker is running again");
        }

        if (facts.IsStuck)
        {
            yield return new("stuck", Tone.Broken, "Orders are stuck in the outbox",
                $"{wait}, the oldest for {RoadPicture.Seconds(facts.OldestSeconds)}, and nothing is away.", "Orders move again");
        }

        // Of what is away, these are only the consequence.
        var turnedAway = facts.Traffic?.Refused.Where(refusal => refusal.Tone == Tone.Broken).ToList() ?? [];
        if (facts.RoadIsFree && facts.Lost == 0 && turnedAway.Count > 0)
        {
            yield return new("turned-away", Tone.Broken, "Buyers are turned away, and not by the sale",
                $"{RoadPicture.Number((long)Math.Ceiling(turnedAway.Sum(refusal => refusal.PerSecond)))} a second get 503: "
                + string.Join(", ", turnedAway.Select(refusal => refusal.Reason.Replace('-', ' '))) + ".",
                "Nobody is turned away any more");
        }

        if (facts.ReturnsAreStuck)
        {
            var backlogs = facts.Orders!.Backlogs;
            yield return new("returns", Tone.Broken, "Stock does not come back",
                $"{Some(backlogs.Returns, "closed order")} {(backlogs.Returns == 1 ? "keeps its" : "keep their")} units, "
                + $"the oldest for {RoadPicture.Seconds(backlogs.OldestReturnSeconds)}.", "Stock comes back again");
        }

        if (facts.LegacyIsDown)
        {
            yield return Away("legacy", "The legacy database",
                $"{RoadPicture.Number(facts.Orders!.DualWrite.Pending)} changes wait for it; sales go on.");
        }

        if (facts.Queues is { DeadLetters: > 0 and var dead })
        {
            yield return new("dead-letters", Tone.Broken, "Messages are in the dead-letter queue",
                $"{Some(dead, "message")}. What is in there comes again from the outbox.", "The dead-letter queue is empty");
        }

        if (facts.Orders?.Backlogs is { Quarantined: > 0 and var quarantined })
        {
            yield return new("quarantine", Tone.Broken, "Orders are in quarantine",
                $"{Some(quarantined, "order")} could not be persisted. See why, then replay.", "The quarantine is empty");
        }

        if (facts.WritesLegacy && facts.Orders!.DualWrite is { } dual && dual.Mismatched + dual.Missing > 0)
        {
            yield return new("differ", Tone.Broken, "The two schemas differ",
                $"{Some(dual.Mismatched + dual.Missing, "order")}. See the discrepancies, then repair.", "The two schemas agree again");
        }

        foreach (var news in OfSales(facts))
        {
            yield return news;
        }
    }

    private static IEnumerable<Condition> OfSales(Facts facts)
    {
        foreach (var sale in facts.Orders?.Items.GroupBy(item => item.SaleId) ?? [])
        {
            var first = sale.First();
            if (first.State == "open" && facts.Now >= first.OpensAt && facts.Now < first.ClosesAt)
            {
                yield return new(
                    $"on:{first.SaleId}", Tone.Fine, $"{first.Name} is on", $"Sale {first.SaleId}.", $"{first.Name} is no longer on");
                foreach (var item in sale)
                {
                    if (facts.Stock?.GetValueOrDefault(new ItemKey(item.SaleId, item.SkuId))?.Snapshot is { Available: <= 0, Held: > 0 })
                    {
                        yield return new($"sold:{item.SaleId}:{item.SkuId}", Tone.Fine, $"SKU {item.SkuId} is sold out", first.Name,
                            $"SKU {item.SkuId} is for sale again");
                    }
                }
            }
        }
    }

    private static string Some(long many, string what) => $"{RoadPicture.Number(many)} {what}{(many == 1 ? "" : "s")}";

    private static string Waiting(long orders) => $"{Some(orders, "order")} {(orders == 1 ? "waits" : "wait")} in the outbox";

    private static Condition Away(string key, string name, string meaning, StoreState? store = null) =>
        new(key, Tone.Broken, $"{name} is away", meaning, $"{name} is back") { Since = store?.Since };

    private static bool IsLost(ItemAudit audit) => audit.Findings.Any(finding => finding.Kind == BreakKind.StockLost);

    private static string Words(ItemAudit audit) =>
        $"{audit.Item}: " + string.Join(", ", audit.Findings.Select(finding => BreakKindConverter.Name(finding.Kind)).Distinct());
}
