using System.ComponentModel.DataAnnotations;
using Seckill.OrderService.LegacyOrders.Control;
using Seckill.OrderService.LegacyOrders.Database;
using Seckill.OrderService.LegacyOrders.Outbox;
using Seckill.OrderService.LegacyOrders.Verification;

namespace Seckill.OrderService.LegacyOrders;

/// <summary>A change of how the legacy database is used. A member that is null or absent keeps its value.</summary>
/// <param name="Mode"><c>off</c>, <c>shadow</c>, <c>dual</c> or <c>retired</c>.</param>
/// <param name="ReadFromNewPercent">Share of users who read the new row in mode dual, 0 to 100.</param>
/// <param name="UsersReadingNew">Users who always read the new row.</param>
/// <param name="UsersReadingLegacy">Users who read the legacy row in mode dual, whatever the share is.</param>
public sealed record DualWriteRequest(
    string? Mode = null, [property: Range(0, 100)] int? ReadFromNewPercent = null, long[]? UsersReadingNew = null,
    long[]? UsersReadingLegacy = null);

/// <inheritdoc cref="DualWriteState"/>
public sealed record DualWriteView(
    DualWriteMode Mode, int ReadFromNewPercent, long Pending, long Verified, long Mismatched, long Missing, double LagSeconds,
    BreakerState Breaker);

/// <summary>The progress of the continuous verifier.</summary>
/// <param name="Round">Counts from 1.</param>
/// <param name="Phase">What it walks over: first all orders, then all legacy rows.</param>
/// <param name="Checked">Orders checked in this round.</param>
/// <param name="Lagging">Orders of this round that differed while a change was young or waited.</param>
/// <param name="RoundStartedAt">UTC.</param>
/// <param name="LastRoundOrders">Orders of the last full round.</param>
/// <param name="LastRoundSeconds">How long the last full round took.</param>
public sealed record VerifierView(
    long Round, VerifierPhase Phase, long Checked, long Lagging, DateTimeOffset RoundStartedAt, long? LastRoundOrders,
    double? LastRoundSeconds);

/// <summary>Which discrepancies to repair.</summary>
/// <param name="DryRun">True, the default, only reports what a repair would do.</param>
/// <param name="Ids">Discrepancies to repair; all open ones when null or empty.</param>
public sealed record RepairRequest(bool? DryRun = null, long[]? Ids = null);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false,
    MaxDepth = 8,
    Converters = [typeof(UtcTimeConverter)])]
[JsonSerializable(typeof(DualWriteRequest))]
[JsonSerializable(typeof(DualWriteView))]
[JsonSerializable(typeof(VerifierView))]
[JsonSerializable(typeof(BackfillView))]
[JsonSerializable(typeof(IReadOnlyList<Discrepancy>))]
[JsonSerializable(typeof(RepairRequest))]
[JsonSerializable(typeof(RepairAnswer))]
internal sealed partial class DualWriteJson : JsonSerializerContext;
