namespace Seckill.InventoryService.Dashboard;

/// <summary>
/// Remembers what began and ended, as long as this process lives. Used by one loop; <see cref="Recent"/> by anyone.
/// </summary>
internal sealed class IncidentLog
{
    private const int Remembered = 40;
    private readonly Dictionary<string, (Condition Condition, Incident Incident)> _open = [];
    private readonly Dictionary<long, Incident> _all = [];
    private long _lastId;

    /// <summary>The newest first, those that go on before all others.</summary>
    public IReadOnlyList<Incident> Recent =>
        [.. _all.Values.OrderByDescending(incident => incident is { Ended: null, Tone: Tone.Broken })
            .ThenByDescending(incident => incident.Ended ?? incident.Began).ThenByDescending(incident => incident.Id)];

    /// <summary>What is broken now, the worst first.</summary>
    public IReadOnlyList<Condition> Broken { get; private set; } = [];

    /// <summary>Compares what holds now with what held before.</summary>
    /// <param name="conditions">What holds, the worst first.</param>
    /// <param name="now">UTC.</param>
    /// <param name="wasLookedFor">Whether a condition with this key would be among them; of others nothing is said.</param>
    /// <param name="isFirstLook">True when it is not known how things stood a moment ago: then news is none.</param>
    public void Look(IReadOnlyList<Condition> conditions, DateTimeOffset now, Func<string, bool> wasLookedFor, bool isFirstLook)
    {
        foreach (var condition in conditions)
        {
            var isKnown = _open.TryGetValue(condition.Key, out var known);
            var incident = isKnown
                ? known.Incident with { Detail = condition.Detail }
                : new Incident(++_lastId, condition.Tone, condition.Since ?? now, null, condition.Headline, condition.Detail);
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
            var took = RoadPicture.Seconds((now - incident.Began).TotalSeconds);
            _all[incident.Id] = incident with
            {
                Ended = now, Headline = condition.Over,
                Detail = condition.Tone != Tone.Broken ? condition.Detail
                    : isFirstLook && !Condition.IsOfStores(key) ? "It was over when somebody looked again." : $"It took {took}.",
            };
        }

        Broken = [.. conditions.Where(condition => condition.Tone == Tone.Broken)];
        // Each by itself: a sale that sells out and sells again all the time must not push an outage out.
        foreach (var old in _all.Values.Where(incident => incident.Ended is not null || incident.Tone == Tone.Fine)
            .GroupBy(incident => incident.Tone)
            .SelectMany(same => same.OrderByDescending(incident => incident.Id).Skip(Remembered)).ToList())
        {
            _all.Remove(old.Id);
        }
    }
}
