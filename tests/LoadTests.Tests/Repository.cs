using System.Runtime.CompilerServices;

namespace Seckill.LoadTests.Tests;

/// <summary>The files of this repository.</summary>
internal static class Repository
{
    /// <summary>Its directory.</summary>
    public static string Root { get; } = Find();

    /// <summary>A file as text.</summary>
    /// <param name="file">From the root on.</param>
    public static string Read(string file) => File.ReadAllText(Path.Combine(Root, file));

    private static string Find([CallerFilePath] string thisFile = "")
    {
        var directory = Path.GetDirectoryName(thisFile);
        while (!File.Exists(Path.Combine(directory!, "Seckill.sln")))
        {
            directory = Path.GetDirectoryName(directory);
        }

        return directory!;
    }
}
