using System.Diagnostics;

namespace Seckill.Tests.Harness;

/// <summary>Waits for a condition, never for a time. The limit is generous, because only a failing test reaches it.</summary>
internal static class Eventually
{
    public static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    /// <summary>Ends when the condition holds; fails when it does not hold within the limit.</summary>
    /// <returns>How long it took.</returns>
    public static Task<TimeSpan> IsTrueAsync(string what, Func<Task<bool>> condition, TimeSpan? limit = null) =>
        IsTrueAsync(() => what, condition, limit);

    /// <inheritdoc cref="IsTrueAsync(string, Func{Task{bool}}, TimeSpan?)"/>
    /// <param name="what">Asked when the limit is reached, so that it can say what was there instead.</param>
    public static async Task<TimeSpan> IsTrueAsync(Func<string> what, Func<Task<bool>> condition, TimeSpan? limit = null)
    {
        var since = Stopwatch.GetTimestamp();
        var longest = limit ?? Limit;
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(since) >= longest)
            {
                Assert.Fail($"Not within {longest.TotalSeconds:0} seconds: {what()}.");
            }

            await Task.Delay(10);
        }

        return Stopwatch.GetElapsedTime(since);
    }

    /// <inheritdoc cref="IsTrueAsync(string, Func{Task{bool}}, TimeSpan?)"/>
    public static Task<TimeSpan> IsTrueAsync(string what, Func<bool> condition, TimeSpan? limit = null) =>
        IsTrueAsync(what, () => Task.FromResult(condition()), limit);

    /// <summary>Bounds a wait that a bug would make endless.</summary>
    public static Task<T> InTime<T>(this Task<T> task) => task.WaitAsync(Limit);

    /// <inheritdoc cref="InTime{T}(Task{T})"/>
    public static Task InTime(this Task task) => task.WaitAsync(Limit);
}
