using System.Diagnostics;

namespace Seckill.Shared.Hosting;

/// <summary>
/// Where a test lets a process die: the steps of the flow, by number. Debug builds only; in a release build a fail point is nothing,
/// not even a call. The file that <c>SECKILL_FAIL_POINT</c> names holds the step at which the process kills itself, once.
/// </summary>
public static class FailPoint
{
#if DEBUG
    private static readonly string? s_file = Environment.GetEnvironmentVariable("SECKILL_FAIL_POINT");
#endif

    /// <summary>A step was reached. SIGKILL, when a test wants it: no clean-up runs that a crash would not run.</summary>
    [Conditional("DEBUG")]
    public static void Reach(string step)
    {
#if DEBUG
        if (s_file is null || !File.Exists(s_file))
        {
            return;
        }

        try
        {
            if (File.ReadAllText(s_file) == step)
            {
                File.Delete(s_file);
                using var self = Process.GetCurrentProcess();
                self.Kill();
            }
        }
        catch (IOException)
        {
            // The test took it back at this moment.
        }
#endif
    }
}
