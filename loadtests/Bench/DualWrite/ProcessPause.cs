using System.Globalization;
using System.Runtime.InteropServices;

namespace Seckill.LoadTests.Bench;

/// <summary>Stops processes (SIGSTOP) until it is disposed.</summary>
internal sealed class ProcessPause : IDisposable
{
    private const int Stop = 19;
    private const int Continue = 18;
    private readonly int[] _processes;

    private ProcessPause(int[] processes)
    {
        _processes = processes;
        Signal(Stop);
    }

    /// <summary>The workers of the system under test, by the records of whoever started it.</summary>
    public static ProcessPause OfWorkers() => new([
        .. Directory.EnumerateFiles(
            Environment.GetEnvironmentVariable("BENCH_PIDS") ?? throw new FormatException("BENCH_PIDS must be set."), "worker-*")
            .Select(file => int.Parse(File.ReadLines(file).First(), CultureInfo.InvariantCulture)),
    ]);

    public void Dispose() => Signal(Continue);

    private void Signal(int signal)
    {
        foreach (var process in _processes)
        {
            _ = SendSignal(process, signal);
        }
    }

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SendSignal(int processId, int signal);
}
