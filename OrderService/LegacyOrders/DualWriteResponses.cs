using System.Text.Json;
using System.Text.Json.Serialization;
using Seckill.OrderService.LegacyOrders.Control;
using Seckill.OrderService.LegacyOrders.Outbox;
using Seckill.OrderService.LegacyOrders.Verification;
using Seckill.Shared.Http;

namespace Seckill.OrderService.LegacyOrders;

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

/// <summary>Which discrepancies to repair.</summary>
/// <param name="DryRun">True, the default, only tells what would be done.</param>
/// <param name="Ids">All that are open when null or empty.</param>
public sealed record RepairRequest(bool? DryRun, long[]? Ids);

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
