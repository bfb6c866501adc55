using System.Text.Json.Serialization;
using Seckill.Shared.Http;

namespace Seckill.InventoryService.Dashboard;

/// <summary>How something is doing. The page shows red for <see cref="Broken"/> alone.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Tone>))]
public enum Tone
{
    /// <summary>As it should be.</summary>
    Fine,

    /// <summary>Worth a look, and nothing is broken.</summary>
    Busy,

    /// <summary>Somebody must do something.</summary>
    Broken,

    /// <summary>Not known at the moment; what is shown is the last that was.</summary>
    Unknown,

    /// <summary>Not in use.</summary>
    Off,
}

/// <summary>Everything that the dashboard shows, at one moment.</summary>
/// <param name="At">When, UTC.</param>
/// <param name="Verdict">The whole in one sentence.</param>
/// <param name="Road">(1) to (8), in the order of the road.</param>
/// <param name="Upkeep">(9) to (12), which go on beside it.</param>
/// <param name="Traffic">Null when it is not known: then no number is better than an old one.</param>
/// <param name="Sales">Sales that are on first, then the newest.</param>
/// <param name="SalesInAll">How many there are, more than are shown perhaps.</param>
/// <param name="Quarantined">Orders that could not be persisted.</param>
/// <param name="DualWrite">Null until PostgreSQL was read for the first time.</param>
/// <param name="Incidents">What changed, the newest first.</param>
/// <param name="RedisAgeSeconds">Age of what Redis said; null before it said anything.</param>
/// <param name="PostgresAgeSeconds">Age of what PostgreSQL said; null before it said anything.</param>
public sealed record Snapshot(
    DateTimeOffset At, Verdict Verdict, IReadOnlyList<Station> Road, IReadOnlyList<Station> Upkeep, Traffic? Traffic,
    IReadOnlyList<SaleView> Sales, long SalesInAll, long Quarantined, DualWriteState? DualWrite, IReadOnlyList<Incident> Incidents,
    double? RedisAgeSeconds, double? PostgresAgeSeconds);

/// <summary>The whole in one sentence, and what it means for buyers.</summary>
/// <param name="Tone">How it is.</param>
/// <param name="Headline">A sentence.</param>
/// <param name="Detail">Another one.</param>
public sealed record Verdict(Tone Tone, string Headline, string Detail);

/// <summary>A place on the road of an order.</summary>
/// <param name="Id">Stable, for the page and its tests.</param>
/// <param name="Steps">Its numbers in the flow.</param>
/// <param name="Name">What people call it.</param>
/// <param name="Kind"><c>people</c>, <c>process</c> or <c>store</c>.</param>
/// <param name="Tone">How it is.</param>
/// <param name="Figure">What waits here, or passes; null when it is not known.</param>
/// <param name="Unit">Of the figure, in words.</param>
/// <param name="Note">One more fact.</param>
public sealed record Station(string Id, string Steps, string Name, string Kind, Tone Tone, long? Figure, string Unit, string Note);

/// <summary>What buyers were told in the last seconds, a second, by all APIs together.</summary>
/// <param name="Accepted">Orders reserved.</param>
/// <param name="Repeated">Answers that named an order which the buyer had already.</param>
/// <param name="Refused">Refusals by reason, the most frequent first.</param>
/// <param name="GateShare">Share of the sold-out answers that Redis was not asked for, 0 to 1; null when there were none.</param>
/// <param name="P50Milliseconds">Half of the answers took less; null when there were none.</param>
/// <param name="P99Milliseconds">All but one of a hundred took less; null when there were none.</param>
/// <param name="InFlight">Requests that wait for their answer.</param>
/// <param name="Apis">Processes that answer.</param>
/// <param name="Workers">Processes that persist.</param>
public sealed record Traffic(
    double Accepted, double Repeated, IReadOnlyList<RefusalRate> Refused, double? GateShare, double? P50Milliseconds,
    double? P99Milliseconds, long InFlight, int Apis, int Workers);

/// <summary>One reason to refuse.</summary>
/// <param name="Reason">As in the HTTP interface.</param>
/// <param name="PerSecond">Refusals a second.</param>
/// <param name="Tone">Broken when it is us and not the sale.</param>
public sealed record RefusalRate(string Reason, double PerSecond, Tone Tone);

/// <summary>A sale.</summary>
/// <param name="SaleId">Which; as text, for a browser's numbers are exact up to 2^53 only.</param>
/// <param name="Name">What people call it.</param>
/// <param name="State"><c>created</c>, <c>open</c> or <c>closed</c>.</param>
/// <param name="Phase">What that and its window come to: <c>planned</c>, <c>upcoming</c>, <c>on</c>, <c>over</c>, <c>closed</c>.</param>
/// <param name="OpensAt">Start of the window, UTC.</param>
/// <param name="ClosesAt">End of the window, UTC.</param>
/// <param name="ItemsInAll">How many it has, more than are shown perhaps.</param>
/// <param name="Items">In the order of the sale.</param>
public sealed record SaleView(
    [property: JsonNumberHandling(JsonNumberHandling.WriteAsString)] long SaleId, string Name, string State, string Phase,
    DateTimeOffset OpensAt, DateTimeOffset ClosesAt, long ItemsInAll, IReadOnlyList<ItemView> Items);

/// <summary>The books of a sale item, in units. What only Redis knows is null until it has said it.</summary>
/// <param name="SkuId">Which; as text, as the sale's.</param>
/// <param name="Allocated">Given to the sale.</param>
/// <param name="Available">For sale.</param>
/// <param name="Held">Held by live reservations.</param>
/// <param name="Live">Of these, in order rows of PostgreSQL.</param>
/// <param name="Outbox">Orders not yet known to be in PostgreSQL.</param>
/// <param name="OldestSeconds">Age of the oldest of them.</param>
/// <param name="Price">Minor units of <paramref name="Currency"/>.</param>
/// <param name="Currency">ISO 4217 code.</param>
/// <param name="Books">What the last audit said.</param>
/// <param name="Finding">In words, when something is broken.</param>
public sealed record ItemView(
    [property: JsonNumberHandling(JsonNumberHandling.WriteAsString)] long SkuId, int Allocated, int? Available, int? Held, int Live,
    long? Outbox, double? OldestSeconds, long Price, string Currency, Tone Books, string? Finding);

/// <summary>How our orders and the legacy database stand.</summary>
/// <param name="Mode"><c>off</c>, <c>shadow</c>, <c>dual</c> or <c>retired</c>.</param>
/// <param name="ReadFromNewPercent">Share of users whose orders are read from ours.</param>
/// <param name="Pending">Changes that wait.</param>
/// <param name="LagSeconds">Age of the oldest of them.</param>
/// <param name="Verified">Orders read back and found equal.</param>
/// <param name="Mismatched">Orders with an open difference.</param>
/// <param name="Missing">Orders that the legacy database lacks.</param>
/// <param name="Breaker"><c>closed</c>, <c>open</c> or <c>half-open</c>.</param>
public sealed record DualWriteState(
    string Mode, int ReadFromNewPercent, long Pending, double LagSeconds, long Verified, long Mismatched, long Missing, string Breaker);

/// <summary>Something that began, and perhaps ended.</summary>
/// <param name="Id">Stable.</param>
/// <param name="Tone">Broken, or fine for news that is none to worry about.</param>
/// <param name="Began">UTC.</param>
/// <param name="Ended">UTC; null while it goes on.</param>
/// <param name="Headline">What happened.</param>
/// <param name="Detail">What it means, with the latest numbers while it goes on.</param>
public sealed record Incident(long Id, Tone Tone, DateTimeOffset Began, DateTimeOffset? Ended, string Headline, string Detail);

/// <summary>JSON of the dashboard, generated at compile time.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, Converters = [typeof(UtcTimeConverter)])]
[JsonSerializable(typeof(Snapshot))]
internal sealed partial class DashboardJson : JsonSerializerContext;
