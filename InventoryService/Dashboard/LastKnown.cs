namespace Seckill.InventoryService.Dashboard;

/// <summary>The last answer of a store, and its age. A store that hangs delays no snapshot and gets one question at a time.</summary>
internal sealed class LastKnown<T>(TimeProvider clock)
    where T : class
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromMilliseconds(800);
    private volatile Task? _asked;
    private volatile Reading? _last;

    /// <summary>Null before the first answer.</summary>
    public T? Value => _last?.Value;

    /// <summary>Age of <see cref="Value"/>; null before the first answer.</summary>
    public double? AgeSeconds => _last is { } last ? Math.Round(clock.GetElapsedTime(last.At).TotalSeconds, 1) : null;

    /// <summary>Asks, unless the last question is still open, and waits briefly for the answer.</summary>
    public async Task RefreshAsync(Func<Task<T>> read)
    {
        var asked = _asked is { IsCompleted: false } pending ? pending : _asked = AskAsync(read);
        // A late answer is stored by the question itself.
        await Task.WhenAny(asked, Task.Delay(s_timeout, clock));
    }

    private async Task AskAsync(Func<Task<T>> read)
    {
        try
        {
            _last = new Reading(await read(), clock.GetTimestamp());
        }
#pragma warning disable CA1031 // The last answer stays, whatever a store throws, and its age shows that it is old.
        catch (Exception)
#pragma warning restore CA1031
        {
            // StoreWatch finds out which store is down.
        }
    }

    private sealed record Reading(T Value, long At);
}
