using System.Globalization;

namespace Seckill.Tests.Harness.Processes;

/// <summary>
/// A clock that is off, as that of a neglected machine, for one process: Debian's libfaketime between the runtime and the C library.
/// Waits take as long as ever, and the product knows nothing of it.
/// </summary>
internal static class ShiftedClock
{
    /// <summary>Where the library is; null where it is not installed, and clocks cannot be shifted.</summary>
    public static string? Library { get; } = Directory.Exists("/usr/lib")
        ? Directory.EnumerateDirectories("/usr/lib", "*-linux-gnu*")
            .Select(folder => Path.Combine(folder, "faketime", "libfaketimeMT.so.1")).FirstOrDefault(File.Exists)
        : null;

    /// <summary>Environment of a process whose clock is wrong by so many seconds; nothing where clocks cannot be shifted.</summary>
    public static (string Name, string? Value)[] By(int seconds) => seconds == 0 || Library is null ? [] :
    [
        ("LD_PRELOAD", Library), ("FAKETIME", seconds.ToString("+0;-0", CultureInfo.InvariantCulture)),
        // Else a timed wait is taken for one on the other clock: it ends at once, or never.
        ("FAKETIME_FORCE_MONOTONIC_FIX", "1"),
    ];

    /// <summary>
    /// Environment of a server whose clock follows a file, so that it can be set while the server runs: the file has seconds, as "-3600".
    /// The monotonic clock stays right, as on a machine. The C library comes second: Redis' own allocator does not bear the other.
    /// </summary>
    public static (string Name, string Value)[] Following(string file) => Library is null ? [] :
    [
        ("LD_PRELOAD", Library + " libc.so.6"), ("FAKETIME_TIMESTAMP_FILE", file), ("FAKETIME_CACHE_DURATION", "1"),
        ("DONT_FAKE_MONOTONIC", "1"),
    ];

    /// <summary>Deletes what the library leaves of a process that was killed; another with the same id would stumble over it.</summary>
    public static void ForgetProcess(int id)
    {
        File.Delete($"/dev/shm/faketime_shm_{id}");
        File.Delete($"/dev/shm/sem.faketime_sem_{id}");
    }
}
