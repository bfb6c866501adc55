using System.ComponentModel.DataAnnotations;

namespace Seckill.InventoryService.Webhooks;

/// <summary>An endpoint to create.</summary>
/// <param name="Url">Absolute, at most 2,000 characters, https outside Development. Redirects are not followed.</param>
/// <param name="Secret">Signs what it gets: whsec_ and the base64 of 24 to 64 bytes. Null for a new one.</param>
/// <param name="After">It gets the events behind this sequence, 0 from the oldest that is kept. Null for what happens from now on.</param>
public sealed record CreateWebhook(
    [property: StringLength(2_000, MinimumLength = 1)] string? Url, string? Secret = null, [property: AtLeast(0)] long? After = null);

/// <summary>Where an endpoint continues.</summary>
/// <param name="After">It gets the events behind this sequence, 0 from the oldest that is kept.</param>
public sealed record ReplayWebhook([property: AtLeast(0)] long? After);

/// <summary>An endpoint that gets events.</summary>
/// <param name="Id">Of the endpoint.</param>
/// <param name="Url">Where events are posted.</param>
/// <param name="State">
/// <c>active</c>; <c>failing</c> while its last attempt failed: it is tried again after a pause that grows; <c>dead</c> when it is not
/// tried any more, until a replay.
/// </param>
/// <param name="Position">The sequence of the last event that it has.</param>
/// <param name="Waiting">Events behind it.</param>
/// <param name="Failures">Failed attempts since the last success.</param>
/// <param name="FailingSince">When the first of them was, UTC.</param>
/// <param name="NextAttemptAt">When a failing endpoint is tried again, UTC.</param>
/// <param name="Error">What the last failed attempt got.</param>
/// <param name="DeadAt">When it was given up, UTC.</param>
/// <param name="DeliveredAt">When it last had an event, UTC.</param>
/// <param name="CreatedAt">UTC.</param>
public sealed record Webhook(
    long Id, string Url, [property: AllowedValues("active", "failing", "dead")] string State, long Position, long Waiting, int Failures,
    DateTimeOffset? FailingSince, DateTimeOffset? NextAttemptAt, string? Error, DateTimeOffset? DeadAt, DateTimeOffset? DeliveredAt,
    DateTimeOffset CreatedAt)
{
    /// <summary>The secret: only in the answer that creates the endpoint, else absent.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Secret { get; init; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false,
    RespectRequiredConstructorParameters = false,
    Converters = [typeof(UtcTimeConverter)])]
[JsonSerializable(typeof(CreateWebhook))]
[JsonSerializable(typeof(ReplayWebhook))]
[JsonSerializable(typeof(Webhook))]
[JsonSerializable(typeof(IReadOnlyList<Webhook>))]
internal sealed partial class WebhookJson : JsonSerializerContext;
