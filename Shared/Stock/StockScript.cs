using System.Globalization;
using StackExchange.Redis;

namespace Seckill.Shared.Stock;

/// <summary>The embedded scripts, and how one is run.</summary>
internal static class StockScript
{
    /// <summary>The text of an embedded script.</summary>
    public static string Load(string name)
    {
        using var stream = typeof(StockScript).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"{name} is not embedded."));
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    /// <summary>
    /// Runs a script on the primary. Not on a replica while the primary is down: one that only reads would tell old stock for new.
    /// The client sends the text again to a server that forgot it (restart, failover, SCRIPT FLUSH).
    /// </summary>
    public static Task<RedisResult> EvaluateAsync(
        IConnectionMultiplexer redis, string script, RedisKey[] keys, RedisValue[] arguments) =>
        redis.GetDatabase().ScriptEvaluateAsync(script, keys, arguments, CommandFlags.DemandMaster);
}
