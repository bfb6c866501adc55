using System.Runtime.CompilerServices;

namespace Seckill.Shared.Tests.House;

/// <summary>The source files of the whole repository, without what a build or a run has made.</summary>
internal static class SourceTree
{
    private static readonly string[] s_made = ["bin", "obj", ".git", ".run", "TestResults", "BenchmarkDotNet.Artifacts", "reports"];

    public static string Root { get; } = FindRoot();

    public static IReadOnlyList<string> Files { get; } = [.. Walk(Root).Order(StringComparer.Ordinal)];

    /// <summary>Path from the root, with slashes.</summary>
    public static string Short(string file) => Path.GetRelativePath(Root, file).Replace('\\', '/');

    public static IEnumerable<string> WithExtension(params string[] extensions) =>
        Files.Where(file => extensions.Contains(Path.GetExtension(file)));

    private static IEnumerable<string> Walk(string directory) =>
        Directory.EnumerateFiles(directory).Concat(
            Directory.EnumerateDirectories(directory).Where(inner => !s_made.Contains(Path.GetFileName(inner))).SelectMany(Walk));

    private static string FindRoot([CallerFilePath] string thisFile = "")
    {
        var directory = Path.GetDirectoryName(thisFile);
        while (directory is not null && !File.Exists(Path.Combine(directory, "Seckill.sln")))
        {
            directory = Path.GetDirectoryName(directory);
        }

        return directory
            ?? throw new InvalidOperationException("The tests must run where their source is: no Seckill.sln above " + thisFile);
    }
}
