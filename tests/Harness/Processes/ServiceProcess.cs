using System.Diagnostics;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Seckill.Tests.Harness.Processes;

/// <summary>One service as a real process, on a port of its own choice, with its output in a file beside the tests.</summary>
internal sealed partial class ServiceProcess : IAsyncDisposable
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromMinutes(3);

    // Asks at once and never twice, so that an answer is news.
    private static readonly HttpClient s_http = new() { Timeout = TimeSpan.FromSeconds(10) };

    // Most of these processes end before they are hot: to compile their code a second time would take a quarter of the machine.
    private static readonly (string, string?)[] s_shortLived =
    [
        ("Urls", "http://127.0.0.1:0"), ("WarmUp__LongestMilliseconds", "0"), ("DOTNET_TieredPGO", "0"),
        ("DOTNET_TC_CallCountThreshold", "1000"),
    ];

    private readonly Process _process;
    private readonly StreamWriter _log;
    private readonly TaskCompletionSource<Uri> _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<Uri> _opsListening = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly long _startedAt = Stopwatch.GetTimestamp();
    private bool _disposed;

    private ServiceProcess(string name, Process process, string logFile)
    {
        (Name, _process, _log) = (name, process, new StreamWriter(logFile) { AutoFlush = true });
        process.OutputDataReceived += (_, line) => Read(line.Data);
        process.ErrorDataReceived += (_, line) => Read(line.Data);
        process.Exited += (_, _) => _listening.TrySetException(
            new InvalidOperationException($"{name} ended before it listened; see {logFile}"));
        process.EnableRaisingEvents = true;
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public string Name { get; }

    /// <summary>Where it listens; known once it is ready, and still known when it is gone.</summary>
    public Uri Url { get; private set; } = new("http://127.0.0.1:1");

    /// <summary>True when it was killed, or stopped, or killed itself.</summary>
    public bool HasEnded => _process.HasExited;

    /// <summary>Where its output is.</summary>
    public string LogFile => ((FileStream)_log.BaseStream).Name;

    /// <summary>Starts the built program of a service.</summary>
    /// <param name="name">For messages and the log file.</param>
    /// <param name="project">Folder of the service; a full path for one that was built elsewhere.</param>
    /// <param name="arguments">Command line.</param>
    /// <param name="settings">Environment over that of this run; null removes a variable.</param>
    public static ServiceProcess Start(string name, string project, string[] arguments, params (string Name, string? Value)[] settings)
    {
        // tests/System.Tests/bin/<configuration>/<framework>: the services are built the same way.
        var output = new DirectoryInfo(AppContext.BaseDirectory);
        var program = Path.Combine(
            Checkout.Root, project, "bin",
            output.Parent!.Name, output.Name, $"Seckill.{Path.GetFileName(project)}.dll");
        var start = new ProcessStartInfo("dotnet", [program, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = output.FullName,
        };
        foreach (var (setting, value) in s_shortLived.Concat(settings))
        {
            start.Environment[setting] = value;
        }

        var logs = Directory.CreateDirectory(Path.Combine(output.FullName, "logs", TestContext.Current.TestMethod?.MethodName ?? "run"));
        return new ServiceProcess(name, new Process { StartInfo = start }, Path.Combine(logs.FullName, $"{name}-{Guid.NewGuid():N}.log"));
    }

    /// <summary>Waits until it listens, ready or not.</summary>
    public async Task ListensAsync() => Url = await _listening.Task.WaitAsync(s_timeout);

    /// <summary>Where its ops listener is, when it has <c>Management:Port</c>.</summary>
    public Task<Uri> OpsUrlAsync() => _opsListening.Task.WaitAsync(s_timeout);

    /// <summary>Waits until it is ready (200) or not (503).</summary>
    /// <returns>Time since the start of the process, and since the call.</returns>
    public async Task<(TimeSpan SinceStart, TimeSpan Waited)> BecomesAsync(int status, string? health = null)
    {
        await ListensAsync();
        var last = "";
        var waited = await Eventually.IsTrueAsync(
            () => $"{Name} is {health ?? (status == 200 ? "ready" : "not ready")}; its last answer: {last}; its log: {LogFile}",
            async () =>
            {
                try
                {
                    (var now, var nowHealth, last) = await ReadinessAsync();
                    return now == status && (health is null || health == nowHealth);
                }
                catch (OperationCanceledException)
                {
                    // No answer in time is one answer more to wait for, not the end.
                    last = "none in time";
                    return false;
                }
            });
        return (Stopwatch.GetElapsedTime(_startedAt), waited);
    }

    /// <summary>What <c>/health/ready</c> says, and the whole of its answer.</summary>
    public async Task<(int Status, string Health, string Json)> ReadinessAsync()
    {
        using var response = await s_http.GetAsync(new Uri(Url, "/health/ready"));
        var answer = await response.Content.ReadAsStringAsync();
        using var json = JsonDocument.Parse(answer);
        return ((int)response.StatusCode, json.RootElement.GetProperty("status").GetString()!, answer);
    }

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync().WaitAsync(s_timeout);
    }

    /// <summary>SIGSTOP: it stands still, with all its connections open.</summary>
    public void Pause() => Signal.Stop.SendTo(_process.Id);

    /// <summary>SIGCONT.</summary>
    public void Resume() => Signal.Continue.SendTo(_process.Id);

    /// <summary>SIGTERM, and its exit code.</summary>
    public async Task<int> StopAsync()
    {
        Assert.True(Signal.Terminate.SendTo(_process.Id), $"{Name} has ended already.");
        return await ExitsAsync();
    }

    /// <summary>Waits for its end.</summary>
    public async Task<int> ExitsAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(s_timeout);
        return _process.ExitCode;
    }

    /// <summary>What it has written so far.</summary>
    public async Task<string> OutputAsync()
    {
        await using var file = new FileStream(((FileStream)_log.BaseStream).Name, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(file);
        return await reader.ReadToEndAsync();
    }

    /// <summary>Waits until it has written something that matches: a log arrives after what it reports.</summary>
    public Task WritesAsync(string pattern) => Eventually.IsTrueAsync(
        $"it writes \"{pattern}\"", async () => Regex.IsMatch(await OutputAsync(), pattern));

    /// <summary>Kills it if it still runs. May be repeated; afterwards only its name, address and output are left.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, true))
        {
            return;
        }

        try
        {
            if (!_process.HasExited)
            {
                await KillAsync();
            }
        }
        finally
        {
            // Nobody may wait for it any more, or fail unheard because of it.
            _listening.TrySetCanceled();
            ShiftedClock.ForgetProcess(_process.Id);
            _ = _listening.Task.Exception;
            _process.Dispose();
            lock (_log)
            {
                _log.Dispose();
            }
        }
    }

    private void Read(string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (_log)
        {
            // The last lines may come after the end.
            if (_disposed)
            {
                return;
            }

            _log.WriteLine(line);
        }

        if (ListeningLine().Match(line) is { Success: true } match)
        {
            // It names them in the order of its addresses.
            _ = _listening.TrySetResult(new Uri(match.Groups[1].Value)) || _opsListening.TrySetResult(new Uri(match.Groups[1].Value));
        }
    }

    [GeneratedRegex(@"Now listening on: (http://[0-9.:\[\]]+)")]
    private static partial Regex ListeningLine();
}
