using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Seckill.Chaos;

/// <summary>The scripts of Redis that operators cause to run, as a relay sees them: by their SHA-1.</summary>
internal static partial class OperatorScripts
{
    /// <summary>Their names, without <c>.lua</c>; those that run most often are drawn most often.</summary>
    public static readonly string[] All =
    [
        "warm", "warm", "warm", "close", "close", "close", "adjust", "adjust", "adjust", "fence", "reset", "rehold", "reopen", "correct",
    ];

    /// <param name="root">Where the source of the services is: the checkout, or a variant of it.</param>
    /// <param name="name">Of a script.</param>
    public static string Sha1Of(string root, string name)
    {
        var script = Read(root, name);
        var libraries = Uses().Match(script).Groups[1].Value.Split(", ", StringSplitOptions.RemoveEmptyEntries);
        var text = string.Concat(libraries.Select(library => Read(root, library))) + script;
#pragma warning disable CA5350 // It is how Redis names a script.
        return Convert.ToHexStringLower(SHA1.HashData(Encoding.UTF8.GetBytes(text)));
#pragma warning restore CA5350
    }

    private static string Read(string root, string name) => File.ReadAllText(
        Directory.EnumerateFiles(Path.Combine(root, "Shared", "Stock", "Scripts"), name + ".lua", SearchOption.AllDirectories).Single());

    [GeneratedRegex("^-- Uses: (.+)$", RegexOptions.Multiline)]
    private static partial Regex Uses();
}
