using System.Globalization;

namespace Seckill.LoadTests.Bench;

/// <summary>Garbage collector metrics of a process.</summary>
/// <param name="AllocatedBytes">Since its start.</param>
/// <param name="Collections">Since its start; each once, of any generation.</param>
public sealed record ServerMetrics(double AllocatedBytes, double Collections)
{
    private const string Allocated = "dotnet_gc_heap_total_allocated_bytes_total";
    private const string Collected = "dotnet_gc_collections_total";

    // Of the ops listener, as port_of in eng/lib/common.sh has it.
    private const int OpsPortOffset = 40;

    /// <summary>Reads them, from the ops listener of the process.</summary>
    /// <exception cref="FormatException">They are missing.</exception>
    public static async Task<ServerMetrics> ReadAsync(HttpClient http, Uri server, CancellationToken cancellationToken)
    {
        var metrics = new UriBuilder(server) { Port = server.Port + OpsPortOffset, Path = "metrics" }.Uri;
        var lines = (await http.GetStringAsync(metrics, cancellationToken)).Split('\n');
        return new ServerMetrics(Sum(lines, Allocated), Sum(lines, Collected));
    }

    private static double Sum(string[] lines, string name)
    {
        var samples = lines
            .Where(line => line.StartsWith(name + " ", StringComparison.Ordinal) || line.StartsWith(name + "{", StringComparison.Ordinal))
            .Select(line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture))
            .ToArray();
        return samples.Length > 0 ? samples.Sum() : throw new FormatException(name + " is not in /metrics.");
    }
}
