using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Seckill.LoadTests.Bench;

/// <summary>Load from <c>wrk</c>, which needs the least processor time.</summary>
/// <param name="tokenFile">Tokens of the buyers, one a line.</param>
/// <param name="connections">Concurrent requests.</param>
/// <param name="method">POST for orders; GET for anything that has no body.</param>
public sealed class WrkLoad(string tokenFile, int connections, string method = "POST") : ILoadGenerator
{
    private const int Threads = 2;
    private const string Mark = "RESULT ";
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web);

    /// <summary>True when the program is installed.</summary>
    public static bool IsInstalled =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(directory => File.Exists(Path.Combine(directory, "wrk")));

    /// <inheritdoc/>
    public string Name { get; } = $"{Version()}, {Threads} threads, {connections} connections";

    /// <inheritdoc/>
    public async Task<LoadResult> RunAsync(Uri url, long saleId, long skuId, int seconds, CancellationToken cancellationToken)
    {
        string[] arguments =
        [
            $"-t{Threads}", $"-c{connections}", $"-d{seconds}s", "--timeout", "10s",
            "-s", Path.Combine(AppContext.BaseDirectory, "Bench", "orders.lua"), url.AbsoluteUri, "--",
            tokenFile, saleId.ToString(CultureInfo.InvariantCulture), skuId.ToString(CultureInfo.InvariantCulture),
            Threads.ToString(CultureInfo.InvariantCulture), method,
        ];
        using var process = Process.Start(new ProcessStartInfo("wrk", arguments) { RedirectStandardOutput = true })!;
        try
        {
            var output = await process.StandardOutput.ReadToEndAsync(cancellationToken);
            await process.WaitForExitAsync(cancellationToken);
            var line = output.Split('\n').FirstOrDefault(line => line.StartsWith(Mark, StringComparison.Ordinal))
                ?? throw new InvalidOperationException("wrk gave no result: " + output);
            return JsonSerializer.Deserialize<LoadResult>(line[Mark.Length..], s_json)!;
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill();
            }
        }
    }

    private static string Version()
    {
        using var process = Process.Start(new ProcessStartInfo("wrk", ["-v"]) { RedirectStandardOutput = true })!;
        var words = process.StandardOutput.ReadToEnd().Split(' ');
        process.WaitForExit();
        return words.Length > 1 ? $"{words[0]} {words[1]}" : "wrk";
    }
}
