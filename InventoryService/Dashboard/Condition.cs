using Seckill.InventoryService.Audit;
using Seckill.InventoryService.Backlog;
using static Seckill.InventoryService.Dashboard.Words;

namespace Seckill.InventoryService.Dashboard;

/// <summary>A condition of the system that an operator should know, in words.</summary>
/// <param name="Key">Constant while the condition holds.</param>
/// <param name="Tone">Broken, or fine for news.</param>
/// <param name="Headline">The condition.</param>
/// <param name="Detail">Its effect; may change while it holds.</param>
/// <param name="Over">Headline once it no longer holds.</param>
internal sealed record Condition(string Key, Tone Tone, string Headline, string Detail, string Over)
{
    /// <summary>Start of the condition, UTC, as the services know it; null when the first look at it is all that is known.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Conditions of stores and audit. The worst first.</summary>
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
            facts.Stores.RabbitMq is not { IsUp: true, Blocked: { } reason, Since: var since } ? null : Broken(
                "blocked", "RabbitMQ is blocked", $"{Sentence("it is " + reason)} {wait}; buyers notice nothing.",
                "RabbitMQ takes messages again", since),
            lost == 0 ? null : Broken(
                "lost", "Redis has lost data", $"Not for sale until the rebuild: {Some(lost, "item")}.", "The lost data is rebuilt",
                facts.Orders?.Totals.LostSince),
            // News of ten minutes: a rebuild may be done between two looks.
            facts.Orders is not { Totals.ItemsRebuilt: > 0 and var rebuilt } ? null : new(
                "rebuilt", Tone.Fine, "Stock was rebuilt", $"{Some(rebuilt, "item")}, within the last ten minutes.",
                "No stock was rebuilt for ten minutes"),
            unbalanced is [] ? null : Broken(
                "books", "The audit finds broken equations",
                string.Join("; ", unbalanced.Take(3).Select(Describe)) + ". Find the cause, then repair.",
                "The audit finds no broken equation any more"));
    }

    /// <summary>
    /// Whether a condition with this key would be detected now. If not, what held before is not called over: sales that are no longer shown
    /// are not checked, and without heartbeats no process is known to run.
    /// </summary>
    public static bool IsLookedFor(string key, Facts facts) => key switch
    {
        "api" or "worker" => facts.Traffic is not null,
        "stuck" or "refusals" => facts.RoadIsFree,
        "returns" => facts.Stores.AreUp,
        _ => key.Split(':') is not [_, var sale, ..] || facts.Shown.Items.Any(item => $"{item.SaleId}" == sale),
    };

    /// <summary>Conditions of the path of an order and of the sales. The worst first.</summary>
    public static IEnumerable<Condition> OfRoad(Facts facts)
    {
        var wait = Waiting(facts.Outbox ?? 0);
        var refused = facts.Traffic?.Refused.Where(refusal => refusal.Tone == Tone.Broken).ToList() ?? [];
        return Holding(
            facts.Traffic is not { Apis: 0 } ? null : Broken(
                "api", "No API is running", "Buyers get no answer.", "An API is running again", facts.Traffic.LastApi),
            facts.Traffic is not { Workers: 0 } ? null : Broken(
                "worker", "No worker is running", wait + "; buyers notice nothing.", "A worker is running again",
                facts.Traffic.LastWorker),
            !facts.IsStuck ? null : Broken(
                "stuck", "Orders are stuck in the outbox",
                $"{wait}, the oldest for {Seconds(facts.OldestSeconds)}, and all stores are up.", "Orders move again",
                Ago(facts, facts.OldestSeconds)),
            // While a store is down, these are only its consequence.
            !facts.RoadIsFree || facts.Lost > 0 || refused is [] ? null : Broken(
                "refusals", "Buyers get 503 for a technical reason",
                $"{Number((long)Math.Ceiling(refused.Sum(refusal => refusal.PerSecond)))} a second: "
                + string.Join(", ", refused.Select(refusal => refusal.Reason.Replace('-', ' '))) + ".",
                "No buyer gets 503 for a technical reason any more"),
            !facts.ReturnsAreStuck || facts.Tables is not { } tables ? null : Broken(
                "returns", "Stock does not come back",
                $"{Some(tables.Returns, "closed order")} {Verb(tables.Returns, "keeps its", "keep their")} units, "
                + $"the oldest for {Seconds(tables.OldestReturnSeconds)}.", "Stock comes back again",
                Ago(facts, tables.OldestReturnSeconds)),
            !facts.LegacyBreakerIsOpen || facts.Orders?.DualWrite is not { } dual ? null : Broken(
                "legacy", "The breaker of the legacy database is open",
                $"{Sentence(dual.BreakerCause ?? "its cause is in the log")} {Changes(dual.Pending)}; sales continue.",
                "The breaker of the legacy database is closed", dual.BreakerSince),
            facts.Queues is not { DeadLetters: > 0 and var dead } ? null : Broken(
                "dead-letters", "Messages are in the dead-letter queue",
                $"{Some(dead, "message")}. Their orders are published again from the outbox.", "The dead-letter queue is empty"),
            facts.Tables is not { Quarantined: > 0 and var quarantined } ? null : Broken(
                "quarantine", "Orders are in quarantine",
                $"{Some(quarantined, "order")} could not be persisted. Remove the cause, then replay.", "The quarantine is empty",
                facts.Orders?.Totals.QuarantinedSince),
            facts is not { Older: > 0 and var older, Orders.DualWrite.IsBackfillDue: true } ? null : Broken(
                "backfill", "Older orders have no legacy row",
                $"{Some(older, "order")} from before the dual write was switched on. Run the backfill.", "The backfill has begun",
                facts.Orders.DualWrite.DiffersSince),
            facts.Different is not (> 0 and var different) ? null : Broken(
                "differ", "The two schemas differ", $"{Some(different, "order")}. Check the discrepancies, then repair.",
                "The two schemas agree again", facts.Orders?.DualWrite.DiffersSince))
            .Concat(OfSales(facts));
    }

    private static IEnumerable<Condition> OfSales(Facts facts)
    {
        foreach (var sale in facts.Shown.Items.GroupBy(item => item.SaleId))
        {
            var first = sale.First();
            var name = VerdictMaker.NameOf(first.SaleId, first.Name);
            if (facts.PhaseOf(first) == SalePhase.On)
            {
                yield return new(
                    $"on:{first.SaleId}", Tone.Fine, $"{name} is on", $"Until {first.ClosesAt:HH:mm:ss} UTC.", $"{name} is no longer on");
                foreach (var item in sale.Where(item => facts.StockOf(item)?.Snapshot is { Available: <= 0, Held: > 0 }))
                {
                    yield return new($"sold:{item.SaleId}:{item.SkuId}", Tone.Fine, $"SKU {item.SkuId} is sold out", name,
                        $"SKU {item.SkuId} is for sale again");
                }
            }
        }
    }

    private static IEnumerable<Condition> Holding(params Condition?[] conditions) => conditions.OfType<Condition>();

    private static Condition Broken(string key, string headline, string detail, string over, DateTimeOffset? since = null) =>
        new(key, Tone.Broken, headline, detail, over) { Since = since };

    private static Condition? Down(string key, string name, string meaning, StoreState store) =>
        store.IsUp ? null : Broken(key, $"{name} is down", meaning, $"{name} is up again", store.Since);

    private static DateTimeOffset Ago(Facts facts, double seconds) => facts.Now.AddSeconds(-seconds);

    private static string Changes(long many) => $"{Some(many, "change")} {Verb(many, "waits", "wait")}";

    private static string Sentence(string cause) => $"{char.ToUpperInvariant(cause[0])}{cause[1..]}.";

    private static string Waiting(long orders) => $"{Some(orders, "order")} {Verb(orders, "waits", "wait")} in the outbox";

    private static bool IsLost(ItemAudit audit) => audit.Findings.Any(finding => finding.Kind == BreakKind.StockLost);

    private static string Describe(ItemAudit audit) =>
        $"{audit.Item}: " + string.Join(", ", audit.Findings.Select(finding => BreakKindConverter.Name(finding.Kind)).Distinct());
}
