using System.Diagnostics;
using System.Globalization;
using Seckill.Tests.Harness;
using Seckill.Tests.Harness.Processes;

namespace Seckill.Shared.Tests.House;

/// <summary>
/// However a command ends, by a signal, with its terminal, or because nothing reads its output, the load client closes its sale and no
/// process is left. The verbs are the real ones, in a copy of the checkout; a script takes the place of the compiler and of the client,
/// which does on SIGTERM what the client does. Broken by a signal that the verbs do not handle.
/// </summary>
public sealed class TerminalTests : IDisposable
{
    private const string Client =
        """
        #!/usr/bin/env bash
        [ "$1" != build ] && [[ " $* " != *" --check "* ]] || exit 0
        trap '' PIPE
        trap 'echo closed >>"$CALLS"; exit 1' TERM
        echo $$ >"$CALLS"
        for ((i = 0; i < ${SECONDS_TO_RUN:-600} * 10; i++)); do echo "second $i" 2>/dev/null; sleep 0.1; done
        echo closed >>"$CALLS"
        """;

    private readonly DirectoryInfo _checkout = Directory.CreateTempSubdirectory("seckill-terminal-");
    private readonly string _calls;

    public TerminalTests()
    {
        _calls = Path.Combine(_checkout.FullName, "calls");
        var programs = _checkout.CreateSubdirectory("programs");
        var dotnet = Path.Combine(programs.FullName, "dotnet");
        File.WriteAllText(dotnet, Client);
        var root = SourceTree.Root;
        using var copy = Start($"cp -r {root}/seckill {root}/eng {root}/Seckill.sln . && chmod +x programs/dotnet");
        copy.WaitForExit();
    }

    public void Dispose() => _checkout.Delete(recursive: true);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(15)]
    public async Task A_command_that_is_ended_closes_its_sale_and_leaves_no_process(int signal)
    {
        // Without job control a shell in the background ignores SIGINT, and so does all that a test run in the background starts; a shell
        // cannot undo that for itself.
        using var run = Start("set -m; env --default-signal=INT ./seckill load steady --url http://127.0.0.1:1 & echo $! >verb; wait");
        await Eventually.IsTrueAsync("the client runs", () => Calls().Length > 0);
        var verb = int.Parse(await File.ReadAllTextAsync(Path.Combine(_checkout.FullName, "verb")), CultureInfo.InvariantCulture);
        Assert.True(new Signal(signal).SendTo(verb));
        await run.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(1));
        await EndedAsync();
    }

    [Fact]
    public async Task A_reader_that_has_seen_enough_leaves_no_process()
    {
        using var run = Start("SECONDS_TO_RUN=2 ./seckill load steady --url http://127.0.0.1:1 2>&1 | head -n 1");
        await run.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(1));
        await EndedAsync();
    }

    private async Task EndedAsync()
    {
        Assert.Equal("closed", Calls()[^1]);
        var client = int.Parse(Calls()[0], CultureInfo.InvariantCulture);
        await Eventually.IsTrueAsync("the client is gone", () => !Directory.Exists($"/proc/{client}"));
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(_checkout.FullName, ".run"), "client", SearchOption.AllDirectories));
    }

    private string[] Calls() => File.Exists(_calls) ? File.ReadAllLines(_calls) : [];

    private Process Start(string script)
    {
        var start = new ProcessStartInfo("bash", ["-c", script]) { WorkingDirectory = _checkout.FullName };
        start.Environment["PATH"] = Path.Combine(_checkout.FullName, "programs") + ":" + start.Environment["PATH"];
        start.Environment["CALLS"] = _calls;
        foreach (var name in start.Environment.Keys.Where(name => name.Contains("__") || name == "SECKILL_PORT_BASE").ToList())
        {
            start.Environment.Remove(name);
        }

        return Process.Start(start)!;
    }
}
