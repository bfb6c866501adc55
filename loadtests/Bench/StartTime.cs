using System.Diagnostics;
using System.Globalization;

namespace Seckill.LoadTests.Bench;

/// <summary>From the start of a storefront process, as it is published, to its first 200 on <c>/health/ready</c>.</summary>
public static class StartTime
{
    private const int Starts = 10;
    private const double LongestSeconds = 0.4;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    /// <summary>Starts and ends the process some times.</summary>
    /// <param name="program">Path of the published program.</param>
    /// <param name="address">A free address.</param>
    /// <param name="http">For the question.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <returns>Seconds.</returns>
    public static async Task<Spread> MeasureAsync(string program, Uri address, HttpClient http, CancellationToken cancellationToken)
    {
        var seconds = new List<double>();
        for (var i = 0; i < Starts; i++)
        {
            seconds.Add(await StartOnceAsync(program, address, http, cancellationToken));
        }

        return Spread.Of(seconds);
    }

    /// <summary>The mark; none when it was not measured.</summary>
    public static IEnumerable<Bar> Bars(Spread? seconds) => seconds is null ? [] :
    [
        new(
            "process start to ready, as published, s", string.Create(CultureInfo.InvariantCulture, $"< {LongestSeconds}"),
            string.Create(CultureInfo.InvariantCulture, $"{seconds.Median:0.000} ({seconds.Least:0.000} to {seconds.Most:0.000})"),
            seconds.Median < LongestSeconds),
    ];

    private static async Task<double> StartOnceAsync(string program, Uri address, HttpClient http, CancellationToken cancellationToken)
    {
        string[] arguments = ["--role", "api", "--urls", address.GetLeftPart(UriPartial.Authority)];
        var startedAt = Stopwatch.GetTimestamp();
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        try
        {
            // Its log says when asking makes sense: refused connections are exceptions here, and would take the processor that it needs.
            var listens = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            process.OutputDataReceived += (_, line) =>
            {
                if (line.Data?.Contains("Now listening on", StringComparison.Ordinal) ?? true)
                {
                    listens.TrySetResult();
                }
            };
            process.BeginOutputReadLine();
            await listens.Task.WaitAsync(s_patience, cancellationToken);
            while (!await IsReadyAsync(http, address, cancellationToken))
            {
                if (process.HasExited || Stopwatch.GetElapsedTime(startedAt) > s_patience)
                {
                    throw new TimeoutException("The storefront did not become ready.");
                }

                await Task.Delay(2, cancellationToken);
            }

            return Stopwatch.GetElapsedTime(startedAt).TotalSeconds;
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
        }
    }

    private static async Task<bool> IsReadyAsync(HttpClient http, Uri address, CancellationToken cancellationToken)
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
