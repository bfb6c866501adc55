namespace Seckill.LoadTests.Bench;

/// <summary>What <c>./seckill bench</c> tells in environment variables.</summary>
internal static class BenchVariables
{
    /// <summary>An address; ends in a slash.</summary>
    /// <exception cref="FormatException">It is not set.</exception>
    public static Uri Address(string name) => new(Required(name).TrimEnd('/') + "/");

    /// <summary>The value.</summary>
    /// <exception cref="FormatException">It is not set.</exception>
    public static string Required(string name) =>
        Read(name, "") is { Length: > 0 } value ? value : throw new FormatException($"{name} must be set.");

    /// <summary>The value; another one when it is not set.</summary>
    public static string Read(string name, string otherwise) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : otherwise;
}
