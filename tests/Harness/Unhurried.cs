namespace Seckill.Tests.Harness;

/// <summary>
/// Timeouts have tests of their own. Everywhere else a machine under load must not change an outcome: the product's own limits would turn
/// a slow answer into a 503.
/// </summary>
internal static class Unhurried
{
    private const string Milliseconds = "60000";

    /// <summary>Settings of a service in the process of a test.</summary>
    public static (string Name, string Value)[] Settings =>
    [
        ("ConnectionStrings:Redis", $"{Servers.RedisConnection},asyncTimeout={Milliseconds}"),
        ("Reservations:TimeoutMilliseconds", Milliseconds), ("OrderReads:TimeoutMilliseconds", Milliseconds),
        ("WaitingRoom:TimeoutMilliseconds", Milliseconds),
        // The processor that all tests share must not decide who is served.
        ("Overload:TargetCpuWaitMilliseconds", Milliseconds),
    ];

    /// <summary>The same as environment variables, for a process of its own.</summary>
    public static (string Name, string? Value)[] Environment =>
        [.. Settings.Select(setting => (setting.Name.Replace(":", "__", StringComparison.Ordinal), (string?)setting.Value))];
}
