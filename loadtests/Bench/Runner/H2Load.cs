using System.Diagnostics;
using System.Globalization;
using Seckill.LoadTests.Engine;

namespace Seckill.LoadTests.Bench.Runner;

/// <summary>Load from <c>h2load</c> in a closed loop: it keeps a log of each request, from which exact percentiles are taken.</summary>
/// <param name="token">Of the buyer.</param>
/// <param name="connections">Concurrent requests.</param>
public sealed class H2Load(string token, int connections)
{
    /// <summary>True when the program is installed.</summary>
    public static bool IsInstalled =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(directory => File.Exists(Path.Combine(directory, "h2load")));

    /// <summary>Orders one unit again and again.</summary>
    /// <returns>Latencies from sending to answer, of requests that were accepted.</returns>
    public async Task<Histogram> RunAsync(Uri url, long saleId, int seconds, CancellationToken cancellationToken)
    {
        var directory = Directory.CreateTempSubdirectory("seckill-h2load").FullName;
        try
        {
            var (body, log) = (Path.Combine(directory, "body"), Path.Combine(directory, "log"));
            await File.WriteAllTextAsync(
                body,
                string.Create(CultureInfo.InvariantCulture, $$"""{"saleId":{{saleId}},"skuId":{{BenchSite.SkuId}},"quantity":1}"""),
                cancellationToken);
            string[] arguments =
            [
                "--h1", "-t1", $"-c{connections}", $"-D{seconds}",
                $"--log-file={log}", $"-d{body}", "-HContent-Type: application/json", $"-HAuthorization: Bearer {token}", url.AbsoluteUri,
            ];
            using var process = Process.Start(new ProcessStartInfo("h2load", arguments) { RedirectStandardOutput = true })!;
            try
            {
                var output = await process.StandardOutput.ReadToEndAsync(cancellationToken);
                await process.WaitForExitAsync(cancellationToken);
                return await ReadAsync(log) is { Count: > 0 } latency ? latency
                    : throw new InvalidOperationException("h2load gave no result: " + output);
            }
            finally
            {
                if (!process.HasExited)
                {
                    process.Kill();
                }
            }
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    // Start time, status and microseconds, separated by tabs.
    private static async Task<Histogram> ReadAsync(string log)
    {
        var latency = new Histogram();
        await foreach (var line in File.ReadLinesAsync(log))
        {
            if (line.Split('\t') is [_, "202", var time, ..])
            {
                latency.Record(long.Parse(time, CultureInfo.InvariantCulture));
            }
        }

        return latency;
    }
}
