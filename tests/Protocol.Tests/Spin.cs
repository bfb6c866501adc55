using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Seckill.Protocol.Tests;

/// <summary>The model in docs/protocol, and its runs: each line of runs.txt says what is run, and what spin must find.</summary>
internal static class Spin
{
    private static readonly string[] s_tools = ["spin", "gcc"];
    private static readonly string s_protocol = Path.GetFullPath(Path.Combine(Here(), "../../docs/protocol"));

    public static TheoryData<string, string> Runs(Func<string, bool>? which = null)
    {
        var runs = new TheoryData<string, string>();
        foreach (var line in Read("runs.txt").Split('\n').Where(line => line.Length > 0 && line[0] != '#' && which?.Invoke(line) != false))
        {
            var columns = line.Split('|', StringSplitOptions.TrimEntries);
            runs.Add(columns[0], columns[1]);
        }

        return runs;
    }

    public static string Read(string file) => File.ReadAllText(Path.Combine(s_protocol, file));

    public static async Task AssertFindsAsync(string name, string expected, ITestOutputHelper output)
    {
        Assert.SkipUnless(s_tools.All(IsThere), "This needs spin and gcc: apt-get install spin gcc libc6-dev");
        var (exitCode, printed) = await CheckAsync(name);

        output.WriteLine(printed);
        var row = Assert.Single(printed.Split('\n'), line => line.StartsWith($"| {name} |", StringComparison.Ordinal));
        Assert.Equal(expected, row.Split('|')[2].Trim());
        Assert.Equal(0, exitCode);
    }

    private static async Task<(int ExitCode, string Printed)> CheckAsync(string name)
    {
        using var check = Process.Start(new ProcessStartInfo(Path.Combine(s_protocol, "check.sh"), [name])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var errors = check.StandardError.ReadToEndAsync();
        var printed = await check.StandardOutput.ReadToEndAsync();
        await check.WaitForExitAsync();
        return (check.ExitCode, printed + await errors);
    }

    private static bool IsThere(string tool) =>
        Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(folder => File.Exists(Path.Combine(folder, tool)));

    private static string Here([CallerFilePath] string thisFile = "") => Path.GetDirectoryName(thisFile)!;
}
