using Seckill.InventoryService.Sales;

namespace Seckill.InventoryService.Dashboard;

/// <summary>Condition of one part. The page shows red only for <see cref="Broken"/>.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Tone>))]
public enum Tone
{
    /// <summary>Works.</summary>
    Fine,
    /// <summary>An operator must act.</summary>
    Broken,
    /// <summary>Unknown at the moment; the last known value is shown.</summary>
    Unknown,
    /// <summary>Not in use.</summary>
    Off,
}

/// <summary>Everything that the dashboard shows, at one moment.</summary>
/// <param name="At">UTC.</param>
/// <param name="Verdict">The condition of the whole system.</param>
/// <param name="Road">Steps (1) to (8), in order.</param>
/// <param name="Upkeep">Steps (9) to (12).</param>
/// <param name="Traffic">Null while unknown; old rates are never shown.</param>
/// <param name="Sales">Sales that are on first, then the newest.</param>
/// <param name="SalesInAll">Number of all sales, shown or not.</param>
/// <param name="Quarantined">Orders that could not be persisted.</param>
/// <param name="Refunds">Payments that wait for their refund.</param>
/// <param name="DualWrite">Null before the first reading of PostgreSQL.</param>
/// <param name="Incidents">What changed, the newest first.</param>
/// <param name="Next">The sale that opens next; null when none is planned.</param>
/// <param name="Down">Stores that are down or take nothing.</param>
/// <param name="SalesAgeSeconds">Age of the sales, from both stores at once; null before the first reading.</param>
public sealed record Snapshot(
    DateTimeOffset At, Verdict Verdict, IReadOnlyList<Station> Road, IReadOnlyList<Station> Upkeep, Traffic? Traffic,
    IReadOnlyList<SaleView> Sales, long SalesInAll, long Quarantined, long Refunds, DualWriteState? DualWrite,
    IReadOnlyList<Incident> Incidents, Opening? Next, IReadOnlyList<StoreDown> Down, double? SalesAgeSeconds);

/// <summary>A store that actions of an operator cannot use.</summary>
/// <param name="Name">Of the store.</param>
/// <param name="Reason">"Redis is down".</param>
public sealed record StoreDown(string Name, string Reason);

/// <summary>The condition of the whole system, and its effect on buyers.</summary>
public sealed record Verdict(Tone Tone, string Headline, string Detail);

/// <summary>A station on the path of an order.</summary>
/// <param name="Id">Stable, for the page and its tests.</param>
/// <param name="Steps">Its numbers in the flow.</param>
/// <param name="Kind"><c>people</c>, <c>process</c> or <c>store</c>.</param>
/// <param name="Figure">Number of what waits or passes here; null while unknown.</param>
/// <param name="Unit">Of the figure, in words.</param>
/// <param name="Note">One more fact.</param>
public sealed record Station(string Id, string Steps, string Name, string Kind, Tone Tone, long? Figure, string Unit, string Note);

/// <summary>Answers to buyers per second, of all APIs together.</summary>
/// <param name="Accepted">Orders reserved.</param>
/// <param name="Repeated">Answers with an order that the buyer already had.</param>
/// <param name="Refused">Refusals by reason, the most frequent first.</param>
/// <param name="GateShare">Share of sold-out answers without a call to Redis, 0 to 1; null when there were none.</param>
/// <param name="P50Milliseconds">Median duration of an answer; null when there were none.</param>
/// <param name="P99Milliseconds">99th percentile; null when there were none.</param>
/// <param name="InFlight">Requests in progress.</param>
/// <param name="Apis">Running processes with the role api.</param>
/// <param name="Workers">Running processes with the role worker.</param>
public sealed record Traffic(
    double Accepted, double Repeated, IReadOnlyList<RefusalRate> Refused, double? GateShare, double? P50Milliseconds,
    double? P99Milliseconds, long InFlight, int Apis, int Workers)
{
    /// <summary>Sales with clicks, the busiest first. Clicks that were refused before their sale was known are in none.</summary>
    public IReadOnlyList<SaleRate> Sales { get; init; } = [];

    /// <summary>Who is refused for the load, how many a second, and what is scarce; null while no request is.</summary>
    public string? Shed { get; init; }

    /// <summary>When the last API was heard, UTC; null when none was.</summary>
    [JsonIgnore] public DateTimeOffset? LastApi { get; init; }

    /// <summary>When the last worker was heard, UTC; null when none was.</summary>
    [JsonIgnore] public DateTimeOffset? LastWorker { get; init; }

    /// <summary>All answers together, per second.</summary>
    [JsonIgnore] public double Clicks => Accepted + Repeated + Refused.Sum(refusal => refusal.PerSecond);
}

/// <summary>The clicks of one sale, accepted and refused.</summary>
/// <param name="SaleId">As text, like <see cref="SaleView.SaleId"/>.</param>
public sealed record SaleRate(
    [property: JsonNumberHandling(JsonNumberHandling.WriteAsString)] long SaleId, double ClicksPerSecond);

/// <summary>One reason to refuse.</summary>
/// <param name="Reason">As in the HTTP interface.</param>
/// <param name="Tone">Broken when Seckill causes the refusal and not the sale.</param>
public sealed record RefusalRate(string Reason, double PerSecond, Tone Tone);

/// <summary>A sale.</summary>
/// <param name="SaleId">As text, because numbers in a browser are exact only up to 2^53.</param>
/// <param name="State"><c>created</c>, <c>open</c> or <c>closed</c>.</param>
/// <param name="Phase">State and window combined.</param>
/// <param name="OpensAt">UTC.</param>
/// <param name="ClosesAt">UTC.</param>
/// <param name="ItemsInAll">Number of its items, shown or not.</param>
/// <param name="Items">In the order of the sale.</param>
public sealed record SaleView(
    [property: JsonNumberHandling(JsonNumberHandling.WriteAsString)] long SaleId, string Name, SaleState State, SalePhase Phase,
    DateTimeOffset OpensAt, DateTimeOffset ClosesAt, long ItemsInAll, IReadOnlyList<ItemView> Items)
{
    /// <summary>Its waiting room; null when it has none in use, or it cannot be read.</summary>
    public RoomFigures? Room { get; init; }
}

/// <summary>A waiting room.</summary>
/// <param name="Phase">registering, drawing, admitting, sold-out, closed.</param>
/// <param name="Mode">open, paused, draining, off.</param>
/// <param name="Registered">Places taken.</param>
/// <param name="Waiting">Places that are not admitted yet.</param>
/// <param name="Admitted">Places that were admitted.</param>
/// <param name="PerSecond">Admitted a second, over the last ten.</param>
/// <param name="LeftSeconds">Until the last who waits now is admitted; null while the queue stands still or is empty.</param>
/// <param name="NoShowPercent">Of the newest passes whose time is over, those that were not used for an order.</param>
public sealed record RoomFigures(
    string Phase, string Mode, int Registered, int Waiting, int Admitted, double PerSecond, double? LeftSeconds, double NoShowPercent);

/// <summary>The opening of a sale.</summary>
/// <param name="SaleId">As text, like <see cref="SaleView.SaleId"/>.</param>
/// <param name="OpensAt">UTC.</param>
/// <param name="RedisNow">UTC by the clock of Redis, which decides when it opens.</param>
/// <param name="Checks">What must hold before, in the order in which an operator does it.</param>
public sealed record Opening(
    [property: JsonNumberHandling(JsonNumberHandling.WriteAsString)] long SaleId, string Name, DateTimeOffset OpensAt,
    DateTimeOffset RedisNow, IReadOnlyList<OpeningCheck> Checks);

/// <summary>One condition of an opening.</summary>
/// <param name="Id">Stable, for the page and its tests.</param>
/// <param name="Tone">Fine when it holds, off when it does not hold yet.</param>
/// <param name="Note">How far it is.</param>
public sealed record OpeningCheck(string Id, string Name, Tone Tone, string Note);

/// <summary>A sale item, in units. Values from Redis are null before the first reading.</summary>
/// <param name="SkuId">As text, like <see cref="SaleView.SaleId"/>.</param>
/// <param name="Allocated">Given to the sale.</param>
/// <param name="Available">For sale.</param>
/// <param name="Held">Held by live reservations.</param>
/// <param name="Live">Units among them in order rows of PostgreSQL.</param>
/// <param name="Outbox">Orders not yet known to be in PostgreSQL.</param>
/// <param name="OldestSeconds">Age of the oldest of them.</param>
/// <param name="Price">Minor units of <paramref name="Currency"/>.</param>
/// <param name="Currency">ISO 4217 code.</param>
/// <param name="MinorDigits">Digits of the price that are minor units.</param>
/// <param name="Books">Result of the last audit.</param>
/// <param name="Finding">The first finding, or why there was no audit.</param>
public sealed record ItemView(
    [property: JsonNumberHandling(JsonNumberHandling.WriteAsString)] long SkuId, int Allocated, int? Available, int? Held, int Live,
    long? Outbox, double? OldestSeconds, long Price, string Currency, int MinorDigits, Tone Books, string? Finding);

/// <summary>A condition with its begin and, once it is over, its end.</summary>
/// <param name="Id">Stable.</param>
/// <param name="Tone">Broken, or fine for news.</param>
/// <param name="Began">UTC.</param>
/// <param name="Ended">UTC; null while it lasts.</param>
/// <param name="Headline">The condition, or what ended it.</param>
/// <param name="Detail">Its effect, with the latest numbers.</param>
public sealed record Incident(long Id, Tone Tone, DateTimeOffset Began, DateTimeOffset? Ended, string Headline, string Detail);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, Converters = [typeof(UtcTimeConverter)])]
[JsonSerializable(typeof(Snapshot))]
internal sealed partial class DashboardJson : JsonSerializerContext;
