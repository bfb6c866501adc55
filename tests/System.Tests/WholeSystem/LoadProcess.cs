using System.Diagnostics;
using System.Text;
using Seckill.LoadTests.Reporting;
using Seckill.Shared.Security;
using Seckill.Tests.Harness.Processes;

namespace Seckill.System.Tests.WholeSystem;

/// <summary>A load run as a process: <c>./seckill load</c>, or loadtests/NBomber with the stand-in for its package.</summary>
internal sealed class LoadProcess : IDisposable
{
    // tests/System.Tests/bin/<configuration>/<framework>
    private static readonly DirectoryInfo s_here = new(AppContext.BaseDirectory);
    // A run alone may wait a minute for its orders to be persisted.
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(5);
    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly DirectoryInfo _reports = Directory.CreateTempSubdirectory("seckill-load-");

    private LoadProcess(string program, string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [program, .. arguments, "--output", _reports.FullName])
        {
            RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = _reports.FullName,
        };
        (start.Environment["OPS_KEY"], start.Environment["BUYER_TOKEN_KEY"]) = (DevelopmentKeys.Ops, DevelopmentKeys.BuyerToken);
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += Read;
        _process.ErrorDataReceived += Read;
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>The program behind <c>./seckill load</c> and <c>token</c>.</summary>
    public static string Own { get; } = Program("loadtests", "LoadTests");

    public static LoadProcess Start(bool isNBomber, string[] arguments) =>
        new(isNBomber ? Program("tests/NBomberStandIn", "NBomberStandIn") : Own, arguments);

    /// <summary>SIGTERM.</summary>
    public void Stop() => Signal.Terminate.SendTo(_process.Id);

    /// <summary>Waits for its end.</summary>
    public async Task<LoadEnd> EndsAsync()
    {
        var ended = _process.WaitForExitAsync();
        await Task.WhenAny(ended, Task.Delay(s_limit));
        string output;
        lock (_output)
        {
            output = _output.ToString();
        }

        Assert.True(ended.IsCompleted, $"Not ended within {s_limit.TotalSeconds:0} seconds: {output}");
        var file = _reports.EnumerateFiles("report.json", SearchOption.AllDirectories).SingleOrDefault();
        Assert.True(file is not null, output);
        return new LoadEnd(_process.ExitCode, await RunReport.ReadAsync(file.FullName), output);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
        _reports.Delete(recursive: true);
    }

    private void Read(object sender, DataReceivedEventArgs line)
    {
        lock (_output)
        {
            _output.AppendLine(line.Data);
        }
    }

    // Built as this program is.
    private static string Program(string folder, string name) =>
        Path.Combine(Checkout.Root, folder, "bin", s_here.Parent!.Name, s_here.Name, $"Seckill.{name}.dll");
}

/// <summary>What a load run left.</summary>
internal sealed record LoadEnd(int ExitCode, RunReport Report, string Output);
