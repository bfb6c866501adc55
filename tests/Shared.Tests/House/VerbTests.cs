using System.Diagnostics;
using Seckill.LoadTests.Load;

namespace Seckill.Shared.Tests.House;

/// <summary>
/// A typing error is reported at once, with what can be said instead, and before anything is built or started. In a copy of the verbs,
/// where nothing has ever run. Broken by a check that comes after the build, or a list that lacks a name.
/// </summary>
public sealed class VerbTests : IDisposable
{
    private readonly DirectoryInfo _checkout = Directory.CreateTempSubdirectory("seckill-verbs-");

    public VerbTests() => Run("cp", "-r", Path.Combine(SourceTree.Root, "seckill"), Path.Combine(SourceTree.Root, "eng"), ".");

    public void Dispose() => _checkout.Delete(recursive: true);

    [Theory]
    [InlineData("lod", "Did you mean load?")]
    [InlineData("statsu", "Did you mean status?")]
    [InlineData("frobnicate", "There are: bench chaos demo")]
    [InlineData("bench micr", "Did you mean micro?")]
    [InlineData("bench --round 3", "Did you mean --rounds?")]
    [InlineData("load stedy", "There are: rush steady browse-and-buy bots restock soak queue")]
    [InlineData("load", "load needs a scenario")]
    [InlineData("load steady --rate", "--rate needs a value: --rate N")]
    [InlineData("load steady --rate --seconds 3", "--rate needs a value")]
    [InlineData("load steady --rat 3", "Did you mean --rate?")]
    [InlineData("load steady --rate=3 --secnds 3", "Did you mean --seconds?")]
    public void A_typing_error_is_named_before_anything_starts(string words, string answer)
    {
        var (code, output) = Run("./seckill", words.Split(' '));
        Assert.Contains(answer, output, StringComparison.Ordinal);
        Assert.Equal(2, code);
        Assert.DoesNotContain("building", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_knows_every_scenario()
    {
        var output = Run("./seckill", "load", "none").Output;
        Assert.All(Scenarios.All, scenario => Assert.Contains($" {scenario.Name} ", output, StringComparison.Ordinal));
    }

    [Fact]
    public void Logs_before_anything_ran_says_so()
    {
        var (code, output) = Run("./seckill", "logs");
        Assert.Equal((1, "seckill: no logs: nothing has run in this checkout yet; run ./seckill up\n"), (code, output));
    }

    // A server on such a port fails now and then, when a client happened to get the port first.
    [Theory]
    [InlineData("32500", 2)]
    [InlineData("60000", 2)]
    [InlineData("20000", 3)]
    public void Ports_that_the_system_gives_to_clients_are_refused(string portBase, int expected)
    {
        Assert.SkipUnless(File.ReadAllText("/proc/sys/net/ipv4/ip_local_port_range").Split() is ["32768", "60999", ..], "Another range.");
        var (code, output) = Run("env", $"SECKILL_PORT_BASE={portBase}", "./seckill", "status");
        Assert.True(code == expected, output);
        Assert.Equal(expected == 2, output.Contains("Choose a base below 32143", StringComparison.Ordinal));
    }

    private (int Code, string Output) Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo("bash", ["-c", "exec \"$@\" 2>&1", "bash", program, .. arguments])
        {
            WorkingDirectory = _checkout.FullName, RedirectStandardOutput = true,
        };
        foreach (var name in start.Environment.Keys.Where(name => name.Contains("__") || name == "SECKILL_PORT_BASE").ToList())
        {
            start.Environment.Remove(name);
        }

        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output);
    }
}
