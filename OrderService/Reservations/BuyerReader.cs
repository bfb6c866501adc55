namespace Seckill.OrderService.Reservations;

/// <summary>
/// Reads the buyers of one sold-out item for its gate, in pages with pauses, so that Redis serves all other requests meanwhile. It keeps
/// what it has read: after a restock it reads only the buyers who came since.
/// </summary>
/// <remarks>
/// Users are never removed: one who holds nothing any more asks Redis, which knows. Until all buyers are read, the gate is open and every
/// request asks Redis: slower, never wrong.
/// </remarks>
internal sealed class BuyerReader(ItemKeys keys, BuyerLog log, SoldOutGate gate, TimeProvider clock)
{
    // A page takes Redis a fifth of a millisecond, so one instance takes a twenty-fifth of its time.
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan s_pauseAfterFailure = TimeSpan.FromSeconds(1);
    private volatile UserFilter _buyers = new(capacity: 0);
    private volatile UserFilter? _known;
    private long _beganAt;
    private long _read;
    private string? _cursor;
    private int _isReading;

    /// <summary>
    /// Reads what is new, unless that is under way. Called at each sold-out answer: the announcement of a restock may be lost, and its
    /// buyers with it.
    /// </summary>
    public void Start()
    {
        if (Interlocked.CompareExchange(ref _isReading, 1, 0) == 0)
        {
            _ = ReadAsync();
        }
    }

    /// <summary>True for a user who was read; and for a few who were not.</summary>
    // Both: larger filters are filled from the first user on, and meanwhile the one before answers.
    public bool MayContain(long userId) => _buyers.MayContain(userId) || _known?.MayContain(userId) == true;

    private async Task ReadAsync()
    {
        try
        {
            bool isComplete;
            do
            {
                // The gate's knowledge before the page: a page that is read after a sell-out has every buyer until then.
                var knowledge = gate.Current;
                if (isComplete = await ReadPageAsync())
                {
                    _known = _buyers;
                    knowledge?.Complete(_buyers);
                }

                await Task.Delay(s_pause, clock);
            }
            while (!isComplete || gate.Current is { Buyers: null });
        }
#pragma warning disable CA1031 // Whatever failed, the next sold-out answer starts again, at the page that failed.
        catch (Exception)
#pragma warning restore CA1031
        {
            await Task.Delay(s_pauseAfterFailure, clock);
        }
        finally
        {
            Volatile.Write(ref _isReading, 0);
        }
    }

    /// <returns>True when every user who holds units at this moment has been read, or when Redis has lost the item.</returns>
    private async Task<bool> ReadPageAsync()
    {
        if (_cursor is { } cursor)
        {
            (_cursor, var buyers) = await log.ScanAsync(keys, cursor);
            Add(buyers);
            return false;
        }

        if (await log.ReadAsync(keys, _read) is not { } page)
        {
            gate.Open();
            return true;
        }

        if (Math.Max(page.Size, page.Buyers) is var users && users > _buyers.Capacity)
        {
            // Twice as large as needed, so that the buyers are rarely read again.
            (_buyers, _beganAt, _read) = (new UserFilter(2 * users), 0, 0);
            return false;
        }

        if (page.BeganAt != _beganAt || page.Size < _read)
        {
            // What this log does not name is found among those who hold units now, or have a key; what comes meanwhile, in the log.
            (_beganAt, _read, _cursor) = (page.BeganAt, page.Size, "0");
            return false;
        }

        Add(page.Users);
        _read += page.Users.Count;
        return _read == page.Size;
    }

    private void Add(IReadOnlyList<long> users)
    {
        foreach (var user in users)
        {
            _buyers.Add(user);
        }
    }
}
