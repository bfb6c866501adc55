using System.Text.RegularExpressions;

namespace Seckill.Shared.Stock;

/// <summary>Loads and runs the embedded scripts.</summary>
internal static partial class StockScript
{
    /// <summary>An embedded script, after the libraries that its header names: <c>-- Uses: hold, time</c> (Scripts/lib).</summary>
    public static string Load(string name)
    {
        var script = Read(name);
        var libraries = Uses().Match(script).Groups[1].Value.Split(", ", StringSplitOptions.RemoveEmptyEntries);
        return string.Concat(libraries.Select(library => Read($"lib/{library}.lua"))) + script;
    }

    /// <summary>
    /// Runs a script on the primary, and never on a replica, whose stock may be stale. The client sends the text again to a server that
    /// does not have it (restart, failover, SCRIPT FLUSH).
    /// </summary>
    public static Task<RedisResult> EvaluateAsync(
        IConnectionMultiplexer redis, string script, RedisKey[] keys, RedisValue[] arguments) =>
        redis.GetDatabase().ScriptEvaluateAsync(script, keys, arguments, CommandFlags.DemandMaster);

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
