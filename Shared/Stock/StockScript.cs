using System.Globalization;
using System.Text.RegularExpressions;
using Seckill.Shared.Connections;
using StackExchange.Redis;

namespace Seckill.Shared.Stock;

/// <summary>The embedded scripts, and how one is run.</summary>
internal static partial class StockScript
{
    /// <summary>An embedded script, after the libraries that its header names: <c>-- Uses: hold, time</c> (Scripts/lib).</summary>
    public static string Load(string name)
    {
        var script = Read(name);
        var libraries = Uses().Match(script).Groups[1].Value.Split(", ", StringSplitOptions.RemoveEmptyEntries);
        return string.Concat(libraries.Select(library => Read($"lib/{library}.lua"))) + script;
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

    private static string Read(string name)
    {
        using var stream = typeof(StockScript).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"{name} is not embedded."));
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    [GeneratedRegex("^-- Uses: (.+)$", RegexOptions.Multiline)]
    private static partial Regex Uses();
}
