using System.Diagnostics;
using System.Globalization;

namespace Seckill.LoadTests.Bench.Startup;

/// <summary>A storefront process that has just become ready.</summary>
public sealed class StartedStorefront : IAsyncDisposable
{
    // As ./seckill places them.
    private const int PortsToOps = 40;
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(30);
    private readonly Process _process;

    private StartedStorefront(Process process) => _process = process;

    /// <summary>From the start of the process to its first 200 on <c>/health/ready</c>.</summary>
    public TimeSpan Took { get; private set; }

    /// <summary>Starts it and waits until it is ready.</summary>
    /// <param name="command">Program and arguments; the role and the address are added.</param>
    /// <param name="address">A free address.</param>
    /// <param name="warmsUp">False to switch its warm-up off.</param>
    /// <param name="http">Asks for readiness.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="TimeoutException">It ended, or was not ready within 30 s.</exception>
    public static async Task<StartedStorefront> StartAsync(
        IReadOnlyList<string> command, Uri address, bool warmsUp, HttpClient http, CancellationToken cancellationToken)
    {
        string[] arguments =
        [
            .. command.Skip(1), "--role", "api", "--urls", address.GetLeftPart(UriPartial.Authority),
            "--Management:Port", (address.Port + PortsToOps).ToString(CultureInfo.InvariantCulture),
        ];
        var start = new ProcessStartInfo(command[0], arguments) { RedirectStandardOutput = true };
        if (!warmsUp)
        {
            start.Environment["WarmUp__LongestMilliseconds"] = "0";
        }

        var startedAt = Stopwatch.GetTimestamp();
        var storefront = new StartedStorefront(Process.Start(start)!);
        try
        {
            await storefront.BecomesReadyAsync(address, startedAt, http, cancellationToken);
            return storefront;
        }
        catch
        {
            await storefront.DisposeAsync();
            throw;
        }
    }

    /// <summary>Processor time that it has used so far.</summary>
    public TimeSpan ProcessorTime()
    {
        _process.Refresh();
        return _process.TotalProcessorTime;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync(CancellationToken.None);
        _process.Dispose();
    }

    private async Task BecomesReadyAsync(Uri address, long startedAt, HttpClient http, CancellationToken cancellationToken)
    {
        // Asks only once the log says that it listens: refused connections are exceptions here, which take processor time.
        var listens = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _process.OutputDataReceived += (_, line) =>
        {
            if (line.Data?.Contains("Now listening on", StringComparison.Ordinal) ?? true)
            {
                listens.TrySetResult();
            }
        };
        _process.BeginOutputReadLine();
        await listens.Task.WaitAsync(s_timeout, cancellationToken);
        while (!await IsReadyAsync(address, http, cancellationToken))
        {
            if (_process.HasExited || Stopwatch.GetElapsedTime(startedAt) > s_timeout)
            {
                throw new TimeoutException("The storefront did not become ready.");
            }

            await Task.Delay(2, cancellationToken);
        }

        Took = Stopwatch.GetElapsedTime(startedAt);
    }

    private static async Task<bool> IsReadyAsync(Uri address, HttpClient http, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await http.GetAsync(new Uri(address, "health/ready"), cancellationToken);
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
