namespace Seckill.InventoryService.Audit;

/// <summary>
/// (11) Which item is due for a full audit. An item that moves is due again after three times as long as its audit took, so that a large
/// one is audited a quarter of the time. One that does not move waits twice as long after each audit, up to 24 times.
/// </summary>
internal sealed class AuditSchedule : IDisposable
{
    private const int PausePerAudit = 3;
    private const int LongestRest = 24;
    private readonly Lock _lock = new();
    private readonly Dictionary<ItemKey, Entry> _entries = [];
    private readonly Meter _meter = new("Seckill");
    private readonly TimeProvider _clock;
    private readonly TimeSpan _shortest;
    private readonly long _startedAt;

    public AuditSchedule(IOptions<AuditorOptions> options, TimeProvider clock)
    {
        (_clock, _startedAt) = (clock, clock.GetTimestamp());
        _shortest = TimeSpan.FromMilliseconds(options.Value.IntervalMilliseconds);
        _meter.CreateObservableGauge(
            "seckill.audit.overdue", () => OverdueSeconds, "s", "Longest time since a sale item was due for its full audit.");
    }

    /// <summary>Longest time since an item was due and was not audited successfully.</summary>
    public double OverdueSeconds
    {
        get
        {
            lock (_lock)
            {
                return _entries.Values.Select(entry => (Now - entry.DueAt).TotalSeconds).Append(0).Max();
            }
        }
    }

    private TimeSpan Now => _clock.GetElapsedTime(_startedAt);

    /// <summary>The items that exist now, and what a look at the totals of some of them saw.</summary>
    public void Update(IReadOnlyList<AuditedItem> items, IReadOnlyList<ItemLook> looks)
    {
        var states = looks.ToDictionary(look => look.Key, look => look.State);
        lock (_lock)
        {
            foreach (var gone in _entries.Keys.Except(items.Select(item => item.Key)).ToList())
            {
                _entries.Remove(gone);
            }

            foreach (var item in items)
            {
                if (!_entries.TryGetValue(item.Key, out var entry))
                {
                    _entries[item.Key] = entry = new Entry(Now);
                }

                entry.Item = item;
                if (states.TryGetValue(item.Key, out var state) && state != entry.State)
                {
                    (entry.State, entry.HasMoved, entry.Rest) = (state, true, 0);
                    entry.DueAt = Earlier(entry.DueAt, Later(Now, entry.AuditedAt + entry.Pause));
                }
            }
        }
    }

    /// <summary>Hands the most overdue item to one auditor, which returns it.</summary>
    public AuditedItem? TakeDue()
    {
        lock (_lock)
        {
            var now = Now;
            if (_entries.Values.Where(entry => !entry.IsTaken && entry.DueAt <= now && entry.RetryAt <= now).MinBy(entry => entry.DueAt)
                is not { } due)
            {
                return null;
            }

            (due.IsTaken, due.HasMoved) = (true, false);
            return due.Item;
        }
    }

    /// <summary>Ends the audit of an item.</summary>
    /// <param name="took">Duration of the audit.</param>
    /// <param name="isBroken">True when it has findings; null when it failed, and the item stays overdue.</param>
    public void Return(ItemKey item, TimeSpan took, bool? isBroken)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue(item, out var entry))
            {
                return;
            }

            entry.IsTaken = false;
            if (isBroken is null)
            {
                entry.RetryAt = Now + Later(_shortest, PausePerAudit * took);
                return;
            }

            entry.Rest = entry.HasMoved || isBroken.Value ? 1 : Math.Clamp(2 * entry.Rest, 1, LongestRest);
            (entry.AuditedAt, entry.Pause) = (Now, Later(_shortest, PausePerAudit * took));
            entry.DueAt = Now + entry.Rest * entry.Pause;
        }
    }

    public void Dispose() => _meter.Dispose();

    private static TimeSpan Earlier(TimeSpan one, TimeSpan other) => one < other ? one : other;

    private static TimeSpan Later(TimeSpan one, TimeSpan other) => one > other ? one : other;

    // Times are since the start of the process.
    private sealed class Entry(TimeSpan seenAt)
    {
        public AuditedItem? Item { get; set; }

        public (ItemTotals, ItemSnapshot?) State { get; set; }

        public bool HasMoved { get; set; }

        public bool IsTaken { get; set; }

        public TimeSpan DueAt { get; set; } = seenAt;

        public TimeSpan RetryAt { get; set; }

        public TimeSpan AuditedAt { get; set; }

        public TimeSpan Pause { get; set; }

        public int Rest { get; set; }
    }
}
