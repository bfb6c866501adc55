using System.ComponentModel.DataAnnotations;

namespace Seckill.OrderService.Overload;

/// <summary>
/// What all storefronts use in place of their settings under <c>Overload</c>. A member that is null or absent is the setting of each
/// process.
/// </summary>
/// <param name="Enabled">False refuses no request for the load.</param>
/// <param name="TargetQueueWaitMilliseconds">How long a click may wait for its call to Redis.</param>
/// <param name="TargetCpuWaitMilliseconds">How long work may wait for a processor.</param>
/// <param name="MinConcurrency">Clicks that an instance admits at once however long they wait.</param>
/// <param name="MaxConcurrency">Clicks that an instance ever admits at once.</param>
/// <param name="LongestRetryAfterSeconds">The longest Retry-After of a refusal for the load.</param>
public sealed record OverloadChange(
    bool? Enabled = null, [property: Range(1, 60_000)] int? TargetQueueWaitMilliseconds = null,
    [property: Range(1, 60_000)] int? TargetCpuWaitMilliseconds = null, [property: Range(1, 1_000_000)] int? MinConcurrency = null,
    [property: Range(1, 1_000_000)] int? MaxConcurrency = null, [property: Range(1, 60)] int? LongestRetryAfterSeconds = null)
{
    /// <summary>The settings with this change.</summary>
    internal OverloadOptions Over(OverloadOptions own) => new()
    {
        Enabled = Enabled ?? own.Enabled,
        TargetQueueWaitMilliseconds = TargetQueueWaitMilliseconds ?? own.TargetQueueWaitMilliseconds,
        TargetCpuWaitMilliseconds = TargetCpuWaitMilliseconds ?? own.TargetCpuWaitMilliseconds,
        MinConcurrency = MinConcurrency ?? own.MinConcurrency,
        InitialConcurrency = own.InitialConcurrency,
        MaxConcurrency = MaxConcurrency ?? own.MaxConcurrency,
        LongestRetryAfterSeconds = LongestRetryAfterSeconds ?? own.LongestRetryAfterSeconds,
    };
}

/// <summary>The overload controller of the instance that answers.</summary>
/// <param name="Changed">What all storefronts use in place of their settings.</param>
/// <param name="InForce">What this instance uses.</param>
/// <param name="Limit">Clicks that it admits at once.</param>
/// <param name="InFlight">Clicks that it has admitted and not answered.</param>
public sealed record OverloadView(OverloadChange Changed, OverloadChange InForce, int Limit, int InFlight);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false,
    MaxDepth = 8)]
[JsonSerializable(typeof(OverloadChange))]
[JsonSerializable(typeof(OverloadView))]
internal sealed partial class OverloadJson : JsonSerializerContext;
