namespace Seckill.LoadTests.Bench;

/// <summary>Environment variables that <c>./seckill bench</c> sets.</summary>
internal static class BenchVariables
{
    /// <summary>An address; ends in a slash.</summary>
    /// <exception cref="FormatException">It is not set.</exception>
    public static Uri Address(string name) => new(Required(name).TrimEnd('/') + "/");

    /// <summary>The value.</summary>
    /// <exception cref="FormatException">It is not set.</exception>
    public static string Required(string name) =>
        Read(name, "") is { Length: > 0 } value ? value : throw new FormatException($"{name} must be set.");

    /// <summary>The value, or a default when it is not set.</summary>
    public static string Read(string name, string otherwise) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : otherwise;
}
