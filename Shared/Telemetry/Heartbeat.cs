using System.Text.Json;
using System.Text.Json.Serialization;

namespace Seckill.Shared.Telemetry;

/// <summary>
/// The counters of one OrderService process, published once a second on the Redis channel <c>seckill:pulse</c> for the ops dashboard. Every
/// number counts from the start of the process, so a lost heartbeat costs only its second.
/// </summary>
/// <param name="Instance">Unique name of the process, also after a restart.</param>
/// <param name="Role"><c>api</c>, <c>worker</c> or <c>all</c>.</param>
/// <param name="UptimeMilliseconds">By the monotonic clock of the process.</param>
/// <param name="InFlight">HTTP requests in progress.</param>
/// <param name="Answers">Answers to <c>POST /orders</c> so far, by reason: <c>reserved</c>, <c>sold-out</c>, <c>no-answer</c>, …</param>
/// <param name="GateRefusals">Sold-out answers so far without a call to Redis.</param>
/// <param name="Latency">The same answers by duration: one number for each of <see cref="Bounds"/>, and one for longer durations.</param>
public sealed record Heartbeat(
    string Instance, string Role, long UptimeMilliseconds, long InFlight, IReadOnlyDictionary<string, long> Answers, long GateRefusals,
    IReadOnlyList<long> Latency)
{
    /// <summary>
    /// Requests for units so far, by sale: of the sales with the most since the heartbeat before. Null from a version that does not count.
    /// </summary>
    public IReadOnlyDictionary<string, long>? Clicks { get; init; }

    /// <summary>
    /// Requests so far that were refused for the load, by class and reason with a space between: <c>new-click queue-wait</c>. Null from a
    /// version that refuses none.
    /// </summary>
    public IReadOnlyDictionary<string, long>? Shed { get; init; }

    /// <summary>Channel of the heartbeats. Redis does not store them.</summary>
    public static readonly RedisChannel Channel = RedisChannel.Literal("seckill:pulse");

    /// <summary>Time between two heartbeats.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Upper bounds of the durations that <see cref="Latency"/> counts, milliseconds.</summary>
    public static IReadOnlyList<double> Bounds { get; } =
        [0.1, 0.25, 0.5, 1, 2, 3, 5, 7.5, 10, 15, 20, 30, 40, 50, 75, 100, 150, 250, 500, 1_000, 2_000, 5_000];

    /// <summary>Publishes the heartbeat. Throws <see cref="RedisException"/> or <see cref="TimeoutException"/>.</summary>
    public Task SendAsync(IConnectionMultiplexer redis) =>
        redis.GetDatabase().PublishAsync(Channel, JsonSerializer.SerializeToUtf8Bytes(this, HeartbeatJson.Default.Heartbeat));

    /// <summary>Calls back, on a thread of the pool, with every later heartbeat.</summary>
    public static void Listen(IConnectionMultiplexer redis, Action<Heartbeat> hear) =>
        _ = redis.GetSubscriber().SubscribeAsync(Channel, (_, message) =>
        {
            if (TryRead(message) is { } heartbeat)
            {
                hear(heartbeat);
            }
        });

    // During an upgrade another version may use another form, which is ignored.
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

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(Heartbeat))]
internal sealed partial class HeartbeatJson : JsonSerializerContext;
