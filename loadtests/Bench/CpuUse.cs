using System.Globalization;
using Seckill.LoadTests.Results;

namespace Seckill.LoadTests.Bench;

/// <summary>
/// Processor time of Seckill's processes and of all others. On a shared machine it says more than a rate: the cost of a request does
/// not depend on the share of the machine that others take.
/// </summary>
/// <param name="Ticks">Clock ticks since the start, by name; <c>others</c> is what is left of the whole machine.</param>
public sealed record CpuUse(IReadOnlyDictionary<string, long> Ticks)
{
    /// <summary>Name of all other processes together.</summary>
    public const string Others = "others";
    // USER_HZ, which is 100 on every Linux that .NET runs on.
    private const double MicrosecondsPerTick = 10_000;
    private const int CpuTimeField = 11;

    /// <summary>Now.</summary>
    /// <param name="recordDirectory">See <see cref="RecordedProcesses"/>.</param>
    public static CpuUse Read(string recordDirectory)
    {
        var names = RecordedProcesses.Read(recordDirectory);
        var ticks = new Dictionary<string, long>();
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory), out var pid) && Stat(directory) is { } fields
                && (names.TryGetValue(pid, out var name)
                    || names.TryGetValue(int.Parse(fields[1], CultureInfo.InvariantCulture), out name)))
            {
                // With the time of children that have ended: wrk is over when the second look is taken.
                ticks[name] = ticks.GetValueOrDefault(name)
                    + fields[CpuTimeField..(CpuTimeField + 4)].Sum(field => long.Parse(field, CultureInfo.InvariantCulture));
            }
        }

        ticks[Others] = Machine.Ticks().Busy - ticks.Values.Sum();
        return new CpuUse(ticks);
    }

    /// <summary>Microseconds of processor time by request since <paramref name="before"/>, by name.</summary>
    public IReadOnlyDictionary<string, double> PerRequest(CpuUse before, long requests) =>
        Ticks.ToDictionary(
            entry => entry.Key,
            entry => (entry.Value - before.Ticks.GetValueOrDefault(entry.Key)) * MicrosecondsPerTick / requests);

    private static string[]? Stat(string directory)
    {
        try
        {
            var text = File.ReadAllText(Path.Combine(directory, "stat"));
            // The name of the program may have spaces; the fields begin behind it, with the state.
            return text[(text.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            return null;
        }
    }
}
