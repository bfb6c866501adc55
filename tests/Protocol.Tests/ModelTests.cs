using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Seckill.Protocol.Tests;

/// <summary>
/// Promise: the protocol itself keeps its promises, whatever the order of steps and kills; spin looks at all of them
/// (docs/protocol). A model that cannot fail proves nothing, so each of its deliberately broken variants must be caught as well, at the
/// promise that it breaks. Whether the code is the model is what the other tests are for.
/// </summary>
public sealed class ModelTests(ITestOutputHelper output)
{
    private static readonly string s_protocol = Path.GetFullPath(Path.Combine(Here(), "../../docs/protocol"));

    private static readonly string[] s_tools = ["spin", "gcc"];

    /// <summary>Each line of runs.txt: what is run, and what spin must find.</summary>
    public static TheoryData<string, string> Runs
    {
        get
        {
            var runs = new TheoryData<string, string>();
            foreach (var line in File.ReadLines(Path.Combine(s_protocol, "runs.txt")).Where(line => !line.StartsWith('#')))
            {
                var columns = line.Split('|', StringSplitOptions.TrimEntries);
                runs.Add(columns[0], columns[1]);
            }

            return runs;
        }
    }

    [Theory]
    [MemberData(nameof(Runs))]
    public async Task Spin_finds_what_the_protocol_promises(string name, string expected)
    {
        Assert.SkipUnless(s_tools.All(IsThere), "This needs spin and gcc: apt-get install spin gcc libc6-dev");
        var (exitCode, printed) = await CheckAsync(name);

        output.WriteLine(printed);
        var row = Assert.Single(printed.Split('\n'), line => line.StartsWith($"| {name} |", StringComparison.Ordinal));
        Assert.Equal(expected, row.Split('|')[2].Trim());
        Assert.Equal(0, exitCode);
    }

    [Fact]
    public void Every_broken_variant_of_the_model_is_run()
    {
        var model = File.ReadAllText(Path.Combine(s_protocol, "seckill.pml"));
        var runs = File.ReadAllText(Path.Combine(s_protocol, "runs.txt"));
        var variants = model.Split([' ', '\n', '(', ')']).Where(word => word.StartsWith("BROKEN_", StringComparison.Ordinal)).ToHashSet();
        Assert.True(variants.Count >= 12, $"Only {variants.Count} broken variants.");
        Assert.All(variants, variant => Assert.Contains(variant, runs, StringComparison.Ordinal));
    }

    [Fact]
    public void The_table_in_the_README_names_every_run()
    {
        var readme = File.ReadAllText(Path.Combine(s_protocol, "README.md"));
        Assert.All(Runs, run => Assert.Contains($"| {run.Data.Item1} | {run.Data.Item2} |", readme, StringComparison.Ordinal));
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
