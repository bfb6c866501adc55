using System.Globalization;

namespace Seckill.LoadTests.Results;

/// <summary>Where the figures are from.</summary>
/// <param name="Cpu">Model of the processor.</param>
/// <param name="Cores">As the operating system counts them.</param>
/// <param name="MemoryGigabytes">All of it.</param>
/// <param name="Kernel">Operating system and version.</param>
/// <param name="DotNet">Version of the runtime.</param>
/// <param name="Redis">Version.</param>
/// <param name="Postgres">Version.</param>
/// <param name="RabbitMq">Version.</param>
public sealed record Machine(
    string Cpu, int Cores, double MemoryGigabytes, string Kernel, string DotNet, string Redis, string Postgres, string RabbitMq)
{
    /// <summary>The machine and the runtime, without the versions of the servers.</summary>
    public static Machine ReadOwn() => new(
        Value("/proc/cpuinfo", "model name"),
        Environment.ProcessorCount,
        Math.Round(long.Parse(Value("/proc/meminfo", "MemTotal").Split(' ')[0], CultureInfo.InvariantCulture) / 1024.0 / 1024, 1),
        "Linux " + File.ReadAllText("/proc/sys/kernel/osrelease").Trim(),
        Environment.Version.ToString(),
        "unknown",
        "unknown",
        "unknown");

    /// <summary>Share of all cores that was in use during <paramref name="time"/>, by any process.</summary>
    public static async Task<double> BusyShareAsync(TimeSpan time, CancellationToken cancellationToken)
    {
        var (busy, all) = Ticks();
        await Task.Delay(time, cancellationToken);
        var (busyNow, allNow) = Ticks();
        return allNow == all ? 0 : (double)(busyNow - busy) / (allNow - all);
    }

    /// <summary>Clock ticks of all cores since the start of the system.</summary>
    public static (long Busy, long All) Ticks()
    {
        var ticks = File.ReadLines("/proc/stat").First()
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..]
            .Select(word => long.Parse(word, CultureInfo.InvariantCulture))
            .ToArray();
        // The fourth and fifth are idle time and waiting for disks.
        return (ticks.Sum() - ticks[3] - ticks[4], ticks.Sum());
    }

    private static string Value(string file, string name) =>
        File.ReadLines(file).FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal))?.Split(':', 2)[1].Trim() ?? "0";
}
