using System.Diagnostics;

namespace Seckill.LoadTests.Bench.Startup;

/// <summary>From the start of a storefront process to its first 200 on <c>/health/ready</c>.</summary>
/// <param name="address">A free address.</param>
/// <param name="http">Asks for readiness.</param>
public sealed class StartTime(Uri address, HttpClient http)
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(30);

    /// <summary>Starts and ends the process once.</summary>
    /// <param name="command">Program and arguments; the role and the address are added.</param>
    /// <param name="lives">How long the process runs on after the measurement.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <returns>Seconds.</returns>
    /// <exception cref="TimeoutException">It ended, or was not ready within 30 s.</exception>
    public async Task<double> MeasureAsync(IReadOnlyList<string> command, TimeSpan lives, CancellationToken cancellationToken)
    {
        string[] arguments = [.. command.Skip(1), "--role", "api", "--urls", address.GetLeftPart(UriPartial.Authority)];
        var startedAt = Stopwatch.GetTimestamp();
        using var process = Process.Start(new ProcessStartInfo(command[0], arguments) { RedirectStandardOutput = true })!;
        try
        {
            // Asks only once the log says that it listens: refused connections are exceptions here, which take processor time.
            var listens = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            process.OutputDataReceived += (_, line) =>
            {
                if (line.Data?.Contains("Now listening on", StringComparison.Ordinal) ?? true)
                {
                    listens.TrySetResult();
                }
            };
            process.BeginOutputReadLine();
            await listens.Task.WaitAsync(s_timeout, cancellationToken);
            while (!await IsReadyAsync(cancellationToken))
            {
                if (process.HasExited || Stopwatch.GetElapsedTime(startedAt) > s_timeout)
                {
                    throw new TimeoutException("The storefront did not become ready.");
                }

                await Task.Delay(2, cancellationToken);
            }

            var took = Stopwatch.GetElapsedTime(startedAt);
            await Task.Delay(lives, cancellationToken);
            return took.TotalSeconds;
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
        }
    }

    private async Task<bool> IsReadyAsync(CancellationToken cancellationToken)
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
