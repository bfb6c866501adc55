using System.Diagnostics;

namespace Seckill.Scenarios.Checks;

/// <summary>Waits for a condition, never for a time.</summary>
internal static class Eventually
{
    // Reached only by a test that fails, so it may be long enough for a machine under load.
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(180);

    /// <summary>Ends when the condition holds; fails when it does not within a generous limit.</summary>
    /// <returns>How long it took.</returns>
    public static async Task<TimeSpan> IsTrueAsync(string what, Func<Task<bool>> condition, TimeSpan? limit = null)
    {
        var since = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(since) > (limit ?? s_limit))
            {
                Assert.Fail($"After {(limit ?? s_limit).TotalSeconds:0} s it is still not so that {what}.");
            }

            await Task.Delay(25);
        }

        return Stopwatch.GetElapsedTime(since);
    }

    /// <inheritdoc cref="IsTrueAsync(string, Func{Task{bool}}, TimeSpan?)"/>
    public static Task<TimeSpan> IsTrueAsync(string what, Func<bool> condition, TimeSpan? limit = null) =>
        IsTrueAsync(what, () => Task.FromResult(condition()), limit);
}
