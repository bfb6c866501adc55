namespace Seckill.InventoryService.Dashboard;

/// <summary>What a store said last, and when. A store that does not answer keeps nobody waiting, and is not asked twice at once.</summary>
internal sealed class LastKnown<T>(TimeProvider clock)
    where T : class
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(800);
    private volatile Task? _asked;
    private volatile Reading? _last;

    /// <summary>Null before the first answer.</summary>
    public T? Value => _last?.Value;

    /// <summary>Age of <see cref="Value"/>; null before the first answer.</summary>
    public double? AgeSeconds => _last is { } last ? Math.Round(clock.GetElapsedTime(last.At).TotalSeconds, 1) : null;

    /// <summary>Asks, unless the last question is still open, and waits for the answer for a moment.</summary>
    public async Task RefreshAsync(Func<Task<T>> read)
    {
        var asked = _asked is { IsCompleted: false } pending ? pending : _asked = AskAsync(read);
        // A late answer is still taken, by the question itself.
        await Task.WhenAny(asked, Task.Delay(s_patience, clock));
    }

    private async Task AskAsync(Func<Task<T>> read)
    {
        try
        {
            _last = new Reading(await read(), clock.GetTimestamp());
        }
#pragma warning disable CA1031 // Whatever a store throws, what it said last stays, and its age tells.
        catch (Exception)
#pragma warning restore CA1031
        {
            // Which store is away is found out elsewhere.
        }
    }

    private sealed record Reading(T Value, long At);
}
