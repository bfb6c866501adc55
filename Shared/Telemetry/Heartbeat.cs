using System.Text.Json;
using System.Text.Json.Serialization;
using StackExchange.Redis;

namespace Seckill.Shared.Telemetry;

/// <summary>
/// What a process of OrderService says of itself once a second on the Redis channel <c>seckill:pulse</c>, for the ops dashboard.
/// Every number counts from the start of the process, so a heartbeat that gets lost costs nothing but its second.
/// </summary>
/// <param name="Instance">Tells a process from all others, also from one that had its place before.</param>
/// <param name="Role"><c>api</c>, <c>worker</c> or <c>all</c>.</param>
/// <param name="UptimeMilliseconds">By the process's own steady clock.</param>
/// <param name="InFlight">HTTP requests that wait for their answer.</param>
/// <param name="Answers">Answers to <c>POST /orders</c> so far, by reason: <c>reserved</c>, <c>sold-out</c>, <c>no-answer</c>, …</param>
/// <param name="GateRefusals">Sold-out answers so far that Redis was not asked for.</param>
/// <param name="Latency">The same answers by duration: one number for each of <see cref="Bounds"/>, and one more.</param>
public sealed record Heartbeat(
    string Instance, string Role, long UptimeMilliseconds, long InFlight, IReadOnlyDictionary<string, long> Answers, long GateRefusals,
    IReadOnlyList<long> Latency)
{
    /// <summary>Where heartbeats go. Nobody keeps them.</summary>
    public static readonly RedisChannel Channel = RedisChannel.Literal("seckill:pulse");

    /// <summary>Time between two heartbeats.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Upper bounds of the durations that <see cref="Latency"/> counts, milliseconds.</summary>
    public static IReadOnlyList<double> Bounds { get; } =
        [0.1, 0.25, 0.5, 1, 2, 3, 5, 7.5, 10, 15, 20, 30, 40, 50, 75, 100, 150, 250, 500, 1_000, 2_000, 5_000];

    /// <summary>Says it to whoever listens now. Throws <see cref="RedisException"/> or <see cref="TimeoutException"/>.</summary>
    public Task SendAsync(IConnectionMultiplexer redis) =>
        redis.GetDatabase().PublishAsync(Channel, JsonSerializer.SerializeToUtf8Bytes(this, HeartbeatJson.Default.Heartbeat));

    /// <summary>Calls back, on a thread of the pool, with every heartbeat from now on.</summary>
    public static void Listen(IConnectionMultiplexer redis, Action<Heartbeat> hear) =>
        _ = redis.GetSubscriber().SubscribeAsync(Channel, (_, message) =>
        {
            if (TryRead(message) is { } heartbeat)
            {
                hear(heartbeat);
            }
        });

    // Another version of the service may say it differently while an upgrade goes on: then it is not heard.
    private static Heartbeat? TryRead(byte[]? message)
    {
        try
        {
            var heartbeat = JsonSerializer.Deserialize(message, HeartbeatJson.Default.Heartbeat);
            return heartbeat?.Latency.Count == Bounds.Count + 1 ? heartbeat : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>JSON of the heartbeat, generated at compile time.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(Heartbeat))]
internal sealed partial class HeartbeatJson : JsonSerializerContext;
