using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Seckill.LoadTests.Engine;

/// <summary>
/// A thread that beats every millisecond, some 60 µs late. The timers of the runtime are up to a millisecond late, and spinning would
/// take a core from what is measured.
/// </summary>
internal static class Metronome
{
    /// <summary>Time between two beats.</summary>
    public static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(1);

    private const int NanosecondsPerSecond = 1_000_000_000;

    /// <summary>
    /// Calls <paramref name="beat"/> with the number of each beat and the moment (a Stopwatch timestamp) at which it was due, from 0 on,
    /// until it returns false. No beat is left out: after a pause those that were missed come at once, with the moments of their own.
    /// </summary>
    public static Task RunAsync(long startedAt, Func<long, long, bool> beat) => Task.Factory.StartNew(
        () =>
        {
            var perBeat = Beat.TotalSeconds * Stopwatch.Frequency;
            for (long number = 0; ; number++)
            {
                var due = startedAt + (long)(number * perBeat);
                WaitUntil(due);
                if (!beat(number, due))
                {
                    return;
                }
            }
        },
        CancellationToken.None,
        TaskCreationOptions.LongRunning,
        TaskScheduler.Default);

    private static void WaitUntil(long timestamp)
    {
        while (timestamp - Stopwatch.GetTimestamp() is var rest and > 0)
        {
            var nanoseconds = Math.Min(NanosecondsPerSecond - 1, rest * NanosecondsPerSecond / Stopwatch.Frequency);
            var time = new Timespec { Nanoseconds = (nint)nanoseconds };
            _ = Nanosleep(ref time, 0);
        }
    }

    [DllImport("libc", EntryPoint = "nanosleep")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Nanosleep(ref Timespec time, nint rest);

    private struct Timespec
    {
        public nint Seconds;
        public nint Nanoseconds;
    }
}
