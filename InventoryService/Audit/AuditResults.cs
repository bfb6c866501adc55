using System.Collections.Concurrent;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Seckill.InventoryService.Audit;

/// <summary>The last audit of each item: for the ledger, the metrics, and the detail of readiness, which it never fails.</summary>
internal sealed class AuditResults : IHealthCheck, IDisposable
{
    private readonly ConcurrentDictionary<ItemKey, ItemAudit> _audits = new();
    private readonly Meter _meter = new("Seckill");
    private readonly Counter<long> _repairs;
    private readonly TimeProvider _clock;
    private long _roundEndedAt;

    public AuditResults(TimeProvider clock)
    {
        _clock = clock;
        _roundEndedAt = clock.GetTimestamp();
        _meter.CreateObservableGauge(
            "seckill.audit.unbalanced", () => Unbalanced.Count(), "{item}", "Sale items whose last audit found broken equations.");
        _meter.CreateObservableGauge("seckill.audit.findings", Findings, "{finding}", "Broken equations, by kind.");
        _meter.CreateObservableGauge("seckill.audit.age", () => AgeSeconds, "s", "Time since the last round over all items ended.");
        _repairs = _meter.CreateCounter<long>("seckill.audit.repairs", "{repair}", "Repairs made, by kind.");
    }

    private IEnumerable<ItemAudit> Unbalanced => _audits.Values.Where(audit => audit.Findings.Count > 0);

    /// <summary>Time since the last round over all items.</summary>
    public double AgeSeconds => _clock.GetElapsedTime(Interlocked.Read(ref _roundEndedAt)).TotalSeconds;

    /// <summary>False when the last audit found a broken equation.</summary>
    public bool IsBalanced(ItemKey item) => !_audits.TryGetValue(item, out var audit) || audit.Findings.Count == 0;

    /// <summary>The last conclusive audit of an item; null before the first.</summary>
    public ItemAudit? Find(ItemKey item) => _audits.GetValueOrDefault(item);

    /// <summary>Audits with findings.</summary>
    public IReadOnlyList<ItemAudit> Broken() => [.. Unbalanced];

    /// <summary>Remembers an audit, if it is conclusive.</summary>
    /// <returns>True when its findings differ from those of the audit before.</returns>
    public bool Enter(ItemAudit audit)
    {
        if (!audit.IsConclusive)
        {
            return false;
        }

        var isNews = _audits.TryGetValue(audit.Item, out var last)
            ? !last.Findings.ToHashSet().SetEquals(audit.Findings) : audit.Findings.Count > 0;
        _audits[audit.Item] = audit;
        return isNews;
    }

    public void CountRepair(BreakKind kind) => _repairs.Add(1, new KeyValuePair<string, object?>("kind", BreakKindConverter.Name(kind)));

    public void EndRound() => Interlocked.Exchange(ref _roundEndedAt, _clock.GetTimestamp());

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        ItemAudit[] unbalanced = [.. Unbalanced];
        var data = new Dictionary<string, object>
        {
            ["items"] = _audits.Count,
            ["unbalanced"] = unbalanced.Take(10).Select(audit => audit.Item.ToString()).ToArray(),
            ["findings"] = unbalanced.Sum(audit => audit.Findings.Count),
            ["lastRoundSeconds"] = Math.Round(AgeSeconds, 1),
        };
        return Task.FromResult(HealthCheckResult.Healthy(
            unbalanced.Length > 0 ? $"the audit finds broken equations in {unbalanced.Length} items" : null, data));
    }

    public void Dispose() => _meter.Dispose();

    private IEnumerable<Measurement<long>> Findings() =>
        Enum.GetValues<BreakKind>().Select(kind => new Measurement<long>(
            Unbalanced.Sum(audit => audit.Findings.Count(finding => finding.Kind == kind)),
            new KeyValuePair<string, object?>("kind", BreakKindConverter.Name(kind))));
}
