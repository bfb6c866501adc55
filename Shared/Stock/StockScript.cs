using System.Globalization;
using Seckill.Shared.Connections;
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

    public static async Task<RedisResult> EvaluateAsync(RedisConnection redis, string script, RedisKey[] keys, RedisValue[] arguments)
    {
        try
        {
            return await redis.Database.ScriptEvaluateAsync(script, keys, arguments);
        }
        catch (RedisServerException exception) when (exception.Message.StartsWith("NOSCRIPT", StringComparison.Ordinal))
        {
            // The server forgot its scripts (restart, failover, SCRIPT FLUSH); the library has noticed and sends the text again.
            return await redis.Database.ScriptEvaluateAsync(script, keys, arguments);
        }
    }
}
