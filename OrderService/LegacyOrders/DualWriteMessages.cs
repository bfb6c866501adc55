using System.Text.Json;
using System.Text.Json.Serialization;
using Seckill.Shared.Hosting;

namespace Seckill.OrderService.LegacyOrders;

/// <summary>A change of how the legacy database is used. What is null stays.</summary>
/// <param name="Mode"><c>off</c>, <c>shadow</c>, <c>dual</c> or <c>retired</c>.</param>
/// <param name="ReadFromNewPercent">0 to 100.</param>
/// <param name="UsersReadingNew">Users who read ours in mode dual, whatever the share says.</param>
/// <param name="UsersReadingLegacy">Users who read theirs in mode dual, whatever the share says.</param>
public sealed record DualWriteChange(
    string? Mode, int? ReadFromNewPercent = null, long[]? UsersReadingNew = null, long[]? UsersReadingLegacy = null);

/// <summary>How the two databases stand.</summary>
/// <param name="Mode"><c>off</c>, <c>shadow</c>, <c>dual</c> or <c>retired</c>.</param>
/// <param name="ReadFromNewPercent">Share of users who read ours in mode dual.</param>
/// <param name="Pending">Changes that wait to be written.</param>
/// <param name="Verified">Orders read back after writing and found equal; each write of an order counts.</param>
/// <param name="Mismatched">Open discrepancies of orders that differ, do not fit, or that only they have.</param>
/// <param name="Missing">Open discrepancies of orders that they lack.</param>
/// <param name="LagSeconds">Age of the oldest change that waits.</param>
/// <param name="Breaker"><c>closed</c>, <c>open</c> or <c>half-open</c>: the worst of all processes.</param>
public sealed record DualWriteView(
    string Mode, int ReadFromNewPercent, long Pending, long Verified, long Mismatched, long Missing, double LagSeconds, string Breaker);

/// <summary>Where the continuous verifier stands.</summary>
/// <param name="Round">Counts from 1.</param>
/// <param name="Phase"><c>ours</c> or <c>theirs</c>.</param>
/// <param name="Checked">Orders looked at in this round.</param>
/// <param name="Lagging">Of them, those whose last change was still on its way.</param>
/// <param name="RoundStartedAt">UTC.</param>
/// <param name="LastRoundOrders">Orders of the last full round.</param>
/// <param name="LastRoundSeconds">How long it took.</param>
public sealed record VerifierView(
    long Round, string Phase, long Checked, long Lagging, DateTimeOffset RoundStartedAt, long? LastRoundOrders, double? LastRoundSeconds);

/// <summary>Where the backfill stands.</summary>
/// <param name="State"><c>idle</c>, <c>running</c> or <c>finished</c>.</param>
/// <param name="Done">Orders put in line.</param>
/// <param name="Total">Orders at its start.</param>
/// <param name="StartedAt">UTC.</param>
/// <param name="FinishedAt">UTC.</param>
public sealed record BackfillView(string State, long Done, long Total, DateTimeOffset? StartedAt, DateTimeOffset? FinishedAt);

/// <summary>A difference that was found.</summary>
/// <param name="Id">Names it for a repair.</param>
/// <param name="OrderId">Also the legacy <c>order_sn</c>.</param>
/// <param name="Class"><c>missing</c>, <c>extra</c>, <c>different</c> or <c>unrepresentable</c>.</param>
/// <param name="Field">Column of the legacy table; empty where the whole row is meant.</param>
/// <param name="Ours">What it should be.</param>
/// <param name="Theirs">What it is.</param>
/// <param name="FoundAt">UTC.</param>
/// <param name="ResolvedAt">UTC; null while it is open.</param>
public sealed record Discrepancy(
    long Id, string OrderId, string Class, string Field, string? Ours, string? Theirs, DateTimeOffset FoundAt, DateTimeOffset? ResolvedAt);

/// <summary>Which discrepancies to repair.</summary>
/// <param name="DryRun">True, the default, only tells what would be done.</param>
/// <param name="Ids">All that are open when null or empty.</param>
public sealed record RepairRequest(bool? DryRun, long[]? Ids);

/// <summary>What was repaired.</summary>
/// <param name="DryRun">True when nothing was done.</param>
/// <param name="Discrepancies">Those that were chosen.</param>
public sealed record RepairAnswer(bool DryRun, IReadOnlyList<RepairedDiscrepancy> Discrepancies);

/// <summary>One of them.</summary>
/// <param name="Id">As listed.</param>
/// <param name="OrderId">Also the legacy <c>order_sn</c>.</param>
/// <param name="Class">As listed.</param>
/// <param name="Field">As listed.</param>
/// <param name="Action"><c>rewrite</c>, or <c>none</c> for what only people can decide.</param>
/// <param name="Resolved">Whether it is gone by now.</param>
public sealed record RepairedDiscrepancy(long Id, string OrderId, string Class, string Field, string Action, bool Resolved);

/// <summary>JSON of the dual write's ops endpoints, generated at compile time.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false,
    MaxDepth = 8,
    Converters = [typeof(UtcTimeConverter)])]
[JsonSerializable(typeof(DualWriteChange))]
[JsonSerializable(typeof(DualWriteView))]
[JsonSerializable(typeof(VerifierView))]
[JsonSerializable(typeof(BackfillView))]
[JsonSerializable(typeof(IReadOnlyList<Discrepancy>))]
[JsonSerializable(typeof(RepairRequest))]
[JsonSerializable(typeof(RepairAnswer))]
internal sealed partial class DualWriteJson : JsonSerializerContext;
