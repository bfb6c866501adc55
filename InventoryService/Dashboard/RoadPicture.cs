using System.Globalization;
using static Seckill.InventoryService.Dashboard.Words;
using Seckill.InventoryService.Backlog;

namespace Seckill.InventoryService.Dashboard;

/// <summary>
/// Draws the path of an order from the facts. Only the cause of a failure is red: a backlog behind it keeps its colour, so that the cause
/// is obvious.
/// </summary>
internal static class RoadPicture
{
    /// <summary>Steps (1) to (8).</summary>
    public static IReadOnlyList<Station> Road(Facts facts) =>
        [Buyers(facts), Api(facts), Redis(facts), RabbitMq(facts), Worker(facts), Postgres(facts), Legacy(facts)];

    /// <summary>Steps (9) to (12).</summary>
    public static IReadOnlyList<Station> Upkeep(Facts facts)
    {
        var tables = facts.Tables;
        var known = tables is null || !facts.Stores.Postgres.IsUp ? Tone.Unknown : Tone.Fine;
        var findings = facts.Unbalanced.Sum(audit => audit.Findings.Count);
        return
        [
            new("returns", "9", "Returns", "process",
                known == Tone.Fine && facts.ReturnsAreStuck ? Tone.Broken : known,
                tables?.Returns, Plural(tables?.Returns ?? 0, "order") + " to return",
                tables?.Returns > 0 ? "oldest " + Seconds(tables.OldestReturnSeconds) : "nothing waits"),
            new("sweeper", "10", "Sweeper", "process",
                !facts.Stores.Redis.IsUp || facts.Stock is null ? Tone.Unknown : facts.IsStuck ? Tone.Broken : Tone.Fine,
                facts.Late, Plural(facts.Late ?? 0, "item") + " with late orders",
                facts.Late is null ? "unknown while Redis is down"
                : facts.OldestSeconds > 0 ? "oldest " + Seconds(facts.OldestSeconds) : "no order is late"),
            new("audit", "11", "Audit", "process",
                findings > 0 ? Tone.Broken : facts.AuditAgeSeconds > 60 ? Tone.Unknown : Tone.Fine,
                findings, Plural(findings, "broken equation"),
                "last round " + Seconds(facts.AuditAgeSeconds) + " ago"),
            new("rebuild", "12", "Rebuild", "process",
                facts.Orders is null ? Tone.Unknown : facts.Lost > 0 ? Tone.Broken : Tone.Fine,
                facts.Orders is null ? null : facts.Lost, Verb(facts.Lost, "item waits for it", "items wait for it"),
                facts.Lost > 0 ? Verb(facts.Lost, "it sells nothing", "they sell nothing") : "no data is lost"),
        ];
    }

    private static Station Buyers(Facts facts) => facts.Traffic is { } traffic
        ? new("buyers", "", "Buyers", "people", Tone.Fine,
            (long)Math.Round(traffic.Clicks), Plural((long)Math.Round(traffic.Clicks), "click") + " a second",
            traffic.P99Milliseconds is { } p99 ? $"p99 {p99.ToString("0.#", CultureInfo.InvariantCulture)} ms" : "no clicks")
        : new("buyers", "", "Buyers", "people", Tone.Unknown, null, "clicks a second", "unknown");

    private static Station Api(Facts facts) => facts.Traffic is { } traffic
        ? new("api", "1 2 4", "API", "process", traffic.Apis == 0 ? Tone.Broken : Tone.Fine, (long)Math.Round(traffic.Accepted),
            Plural((long)Math.Round(traffic.Accepted), "order") + " a second",
            traffic.Apis == 0 ? "none is running" : $"{traffic.Apis} running, {Some(traffic.InFlight, "request")} in progress")
        : new("api", "1 2 4", "API", "process", Tone.Unknown, null, "orders a second", "unknown while Redis is down");

    private static Station Redis(Facts facts)
    {
        var tone = !facts.Stores.Redis.IsUp || facts.Lost > 0 || facts.IsStuck ? Tone.Broken
            : facts.Stock is null ? Tone.Unknown : Tone.Fine;
        var note = !facts.Stores.Redis.IsUp ? Down(facts.Stores.Redis)
            : facts.Lost > 0 ? "lost data"
            : facts.OldestSeconds > 0 ? "oldest " + Seconds(facts.OldestSeconds) : "nothing waits";
        return new("redis", "3", "Redis", "store", tone, facts.Outbox, Plural(facts.Outbox ?? 0, "order") + " in the outbox", note);
    }

    private static Station RabbitMq(Facts facts)
    {
        var dead = facts.Queues?.DeadLetters ?? 0;
        return new("rabbitmq", "5", "RabbitMQ", "store",
            facts.Stores.RabbitMq is not { IsUp: true, Blocked: null } || dead > 0 ? Tone.Broken
            : facts.Queues is null ? Tone.Unknown : Tone.Fine,
            facts.Stores.RabbitMq.IsUp ? facts.Queues?.Waiting : null, Verb(facts.Queues?.Waiting ?? 0, "message waits", "messages wait"),
            !facts.Stores.RabbitMq.IsUp ? Down(facts.Stores.RabbitMq)
            : facts.Stores.RabbitMq.Blocked is { } reason ? "blocked: " + reason
            : dead > 0 ? Some(dead, "dead letter") : "no dead letters");
    }

    private static Station Worker(Facts facts) => facts.Traffic is { } traffic
        ? new("worker", "6 7", "Worker", "process", traffic.Workers == 0 ? Tone.Broken : Tone.Fine, traffic.Workers, "running",
            traffic.Workers == 0 ? "no order is persisted" : "each batch is one transaction")
        : new("worker", "6 7", "Worker", "process", Tone.Unknown, null, "running", "unknown while Redis is down");

    private static Station Postgres(Facts facts)
    {
        var quarantined = facts.Tables?.Quarantined ?? 0;
        var live = facts.Stores.Postgres.IsUp ? facts.Orders?.Items.Sum(item => (long)item.Live) : null;
        return new("postgres", "6", "PostgreSQL", "store",
            !facts.Stores.Postgres.IsUp || quarantined > 0 ? Tone.Broken : facts.Orders is null ? Tone.Unknown : Tone.Fine,
            live, Plural(live ?? 0, "unit") + " in order rows",
            !facts.Stores.Postgres.IsUp ? Down(facts.Stores.Postgres)
            : quarantined > 0 ? $"{Number(quarantined)} in quarantine" : "quarantine is empty");
    }

    private static Station Legacy(Facts facts)
    {
        if (facts.Orders?.DualWrite is not { } dual)
        {
            return new("legacy", "8", "Legacy", "store", Tone.Unknown, null, "changes wait", "unknown");
        }

        var tone = !facts.Stores.Postgres.IsUp ? Tone.Unknown
            : !facts.WritesLegacy ? Tone.Off
            : facts.LegacyBreakerIsOpen || facts.Different > 0 || (facts.Older > 0 && dual.IsBackfillDue) ? Tone.Broken : Tone.Fine;
        var note = !facts.WritesLegacy ? $"dual write is {dual.Mode}"
            : facts.LegacyBreakerIsOpen ? $"breaker {dual.Breaker}"
            : facts.Different > 0 ? $"{Some(facts.Different, "order")} {Verb(facts.Different, "differs", "differ")}"
            : facts.Older > 0 && dual.IsBackfillDue ? "needs a backfill"
            : facts.Older > 0 ? "backfill is running"
            : dual.Pending > 0 ? "oldest " + Seconds(dual.LagSeconds) : "both schemas agree";
        return new("legacy", "8", "Legacy", "store", tone, facts.WritesLegacy ? dual.Pending : null,
            Verb(dual.Pending, "change waits", "changes wait"), note);
    }

    private static string Down(StoreState store) =>
        "down since " + store.Since.UtcDateTime.ToString("HH:mm:ss", CultureInfo.InvariantCulture);
}
