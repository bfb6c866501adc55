using System.Diagnostics;

namespace Seckill.Tests.Harness;

/// <summary>Waits for a condition, never for a time. The limit is generous, because it is reached only by a failing test.</summary>
internal static class Eventually
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public static Task Holds(Func<bool> condition, string what) => Holds(() => Task.FromResult(condition()), what);

    public static async Task Holds(Func<Task<bool>> condition, string what)
    {
        var startedAt = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(startedAt) < Limit, $"Not within {Limit.TotalSeconds:0} seconds: {what}.");
            await Task.Delay(10);
        }
    }

    /// <summary>Bounds a wait that a bug would make endless.</summary>
    public static Task<T> InTime<T>(this Task<T> task) => task.WaitAsync(Limit);

    /// <inheritdoc cref="InTime{T}(Task{T})"/>
    public static Task InTime(this Task task) => task.WaitAsync(Limit);
}
