using System.Diagnostics;

namespace Seckill.Shared.Hosting;

/// <summary>
/// Steps of the flow, by number, at which a test kills a process. Debug builds only; a release build does not even contain the call. The
/// file named by <c>SECKILL_FAIL_POINT</c> has the step at which the process kills itself, once.
/// </summary>
public static class FailPoint
{
#if DEBUG
    private static readonly string? s_file = Environment.GetEnvironmentVariable("SECKILL_FAIL_POINT");
#endif

    /// <summary>A step was reached. If a test asks for it, SIGKILL: like a crash, it runs no clean-up.</summary>
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
            // The test removed the file at this moment.
        }
#endif
    }
}
