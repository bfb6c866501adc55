namespace Seckill.InventoryService.Dashboard;

/// <summary>Remembers conditions that began and ended since the start of this process. Not thread-safe.</summary>
internal sealed class IncidentLog
{
    private const int Remembered = 40;
    private readonly Dictionary<string, (Condition Condition, Incident Incident)> _open = [];
    private readonly Dictionary<long, Incident> _all = [];
    private long _lastId;

    /// <summary>Broken ones that last come first, then the newest.</summary>
    public IReadOnlyList<Incident> Recent =>
        [.. _all.Values.OrderByDescending(incident => incident is { Ended: null, Tone: Tone.Broken })
            .ThenByDescending(incident => incident.Ended ?? incident.Began).ThenByDescending(incident => incident.Id)];

    /// <summary>Broken conditions that hold now, the worst first.</summary>
    public IReadOnlyList<Condition> Broken { get; private set; } = [];

    /// <summary>Compares the present conditions with those before.</summary>
    /// <param name="conditions">Present conditions, the worst first.</param>
    /// <param name="now">UTC.</param>
    /// <param name="wasLookedFor">Whether a condition with this key was checked; all others stay unchanged.</param>
    /// <param name="isFirstLook">True when the conditions of a moment ago are unknown: then news is not reported.</param>
    public void Look(IReadOnlyList<Condition> conditions, DateTimeOffset now, Func<string, bool> wasLookedFor, bool isFirstLook)
    {
        foreach (var condition in conditions)
        {
            var isKnown = _open.TryGetValue(condition.Key, out var known);
            var incident = isKnown
                ? known.Incident with { Detail = condition.Detail }
                : new Incident(++_lastId, condition.Tone, Began(condition, now), null, condition.Headline, condition.Detail);
            _open[condition.Key] = (condition, incident);
            if (condition.Tone == Tone.Broken || (isKnown ? _all.ContainsKey(incident.Id) : !isFirstLook))
            {
                _all[incident.Id] = incident;
            }
        }

        foreach (var key in _open.Keys.Where(key => wasLookedFor(key) && conditions.All(condition => condition.Key != key)).ToList())
        {
            var (condition, incident) = _open[key];
            _open.Remove(key);
            var took = Words.Seconds((now - incident.Began).TotalSeconds);
            _all[incident.Id] = incident with
            {
                Ended = now, Headline = condition.Over,
                Detail = condition.Tone == Tone.Broken ? $"It lasted {took}." : condition.Detail,
            };
        }

        Broken = [.. conditions.Where(condition => condition.Tone == Tone.Broken)];
        // Each tone by itself: frequent news of a sale must not displace an outage.
        foreach (var old in _all.Values.Where(incident => incident.Ended is not null || incident.Tone == Tone.Fine)
            .GroupBy(incident => incident.Tone)
            .SelectMany(same => same.OrderByDescending(incident => incident.Id).Skip(Remembered)).ToList())
        {
            _all.Remove(old.Id);
        }
    }

    // The clock of a store may be ahead.
    private static DateTimeOffset Began(Condition condition, DateTimeOffset now) =>
        condition.Since is { } since && since < now ? since : now;
}
