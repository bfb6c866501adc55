using System.Diagnostics;
using Microsoft.Extensions.Configuration;

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

    /// <summary>The system's clock; in a debug build off by <c>Chaos:ClockOffsetSeconds</c>, as that of a neglected machine.</summary>
    internal static TimeProvider Clock(IConfiguration configuration)
    {
#if DEBUG
        if (configuration.GetValue<int>("Chaos:ClockOffsetSeconds") is var seconds and not 0)
        {
            return new WrongClock(TimeSpan.FromSeconds(seconds));
        }
#endif
        return TimeProvider.System;
    }

#if DEBUG
    private sealed class WrongClock(TimeSpan offset) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + offset;
    }
#endif
}
