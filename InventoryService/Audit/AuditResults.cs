using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Seckill.InventoryService.Audit;

/// <summary>
/// What the audits of each item have found: for the ledger, the metrics, the log, and the detail of readiness, which it never fails. Looks
/// at the totals and full audits have findings of their own kinds, so neither shows what the other has seen disappear.
/// </summary>
internal sealed partial class AuditResults : IHealthCheck, IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ItemKey, ItemAudit> _audits = [];
    private readonly Dictionary<ItemKey, long> _lookedAt = [];
    private readonly Meter _meter = new("Seckill");
    private readonly Counter<long> _repairs;
    private readonly TimeProvider _clock;
    private readonly ILogger<AuditResults> _logger;
    private long _roundEndedAt;

    public AuditResults(TimeProvider clock, ILogger<AuditResults> logger)
    {
        (_clock, _logger, _roundEndedAt) = (clock, logger, clock.GetTimestamp());
        _meter.CreateObservableGauge(
            "seckill.audit.unbalanced", () => Broken().Count, "{item}", "Sale items whose last audit found broken equations.");
        _meter.CreateObservableGauge("seckill.audit.findings", Findings, "{finding}", "Broken equations, by kind.");
        _meter.CreateObservableGauge(
            "seckill.audit.age", () => AgeSeconds, "s", "Longest time since the totals of a sale item were audited.");
        _repairs = _meter.CreateCounter<long>("seckill.audit.repairs", "{repair}", "Repairs made, by kind.");
    }

    /// <summary>Time since the last round of looks.</summary>
    public double RoundAgeSeconds => _clock.GetElapsedTime(Interlocked.Read(ref _roundEndedAt)).TotalSeconds;

    /// <summary>Longest time since a look at an item; without items, since the last round.</summary>
    public double AgeSeconds
    {
        get
        {
            lock (_lock)
            {
                return _clock.GetElapsedTime(_lookedAt.Values.Append(_roundEndedAt).Min()).TotalSeconds;
            }
        }
    }

    /// <summary>False when the last audit found a broken equation.</summary>
    public bool IsBalanced(ItemKey item) => Find(item) is not { Findings.Count: > 0 };

    /// <summary>What is known of an item; null before its first audit.</summary>
    public ItemAudit? Find(ItemKey item)
    {
        lock (_lock)
        {
            return _audits.GetValueOrDefault(item);
        }
    }

    /// <summary>Audits with findings.</summary>
    public IReadOnlyList<ItemAudit> Broken()
    {
        lock (_lock)
        {
            return [.. _audits.Values.Where(audit => audit.Findings.Count > 0)];
        }
    }

    /// <summary>Remembers an audit on demand, if it is conclusive.</summary>
    public void Enter(ItemAudit audit)
    {
        if (audit.IsConclusive)
        {
            Replace(audit.Item, kind => kind != BreakKind.Conservation, audit.Findings);
        }
    }

    /// <summary>Remembers what a continuous full audit found in the orders. The totals have been looked at since it began.</summary>
    public void EnterOrders(ItemAudit audit)
    {
        if (audit.IsConclusive)
        {
            Replace(audit.Item, kind => !kind.IsOfTotals(), audit.Findings.Where(finding => !finding.Kind.IsOfTotals()));
        }
    }

    /// <summary>Remembers a round of looks at the totals.</summary>
    /// <param name="items">All items that are not at rest; what was found of others is forgotten.</param>
    /// <param name="looks">At those that were looked at.</param>
    public void EnterRound(IReadOnlyList<ItemKey> items, IReadOnlyList<ItemLook> looks)
    {
        lock (_lock)
        {
            _roundEndedAt = _clock.GetTimestamp();
            // Also those that a full audit or a caller has looked at, and no round: they came to rest before the next.
            foreach (var gone in _lookedAt.Keys.Union(_audits.Keys).Except(items).ToList())
            {
                _lookedAt.Remove(gone);
                _audits.Remove(gone);
            }

            foreach (var look in looks)
            {
                if (look.Failure is null)
                {
                    _lookedAt[look.Key] = _roundEndedAt;
                    Replace(look.Key, BreakKinds.IsOfTotals, look.Findings);
                }
                else
                {
                    _lookedAt.TryAdd(look.Key, _roundEndedAt);
                }
            }
        }
    }

    public void CountRepair(BreakKind kind) => _repairs.Add(1, new KeyValuePair<string, object?>("kind", BreakKindConverter.Name(kind)));

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var unbalanced = Broken();
        int items;
        lock (_lock)
        {
            items = _audits.Count;
        }

        var data = new Dictionary<string, object>
        {
            ["items"] = items,
            ["unbalanced"] = unbalanced.Take(10).Select(audit => audit.Item.ToString()).ToArray(),
            ["findings"] = unbalanced.Sum(audit => audit.Findings.Count),
            ["lastRoundSeconds"] = Math.Round(RoundAgeSeconds, 1),
        };
        return Task.FromResult(HealthCheckResult.Healthy(
            unbalanced.Count > 0 ? $"the audit finds broken equations in {unbalanced.Count} items" : null, data));
    }

    public void Dispose() => _meter.Dispose();

    private void Replace(ItemKey item, Func<BreakKind, bool> kinds, IEnumerable<AuditFinding> findings)
    {
        lock (_lock)
        {
            var before = _audits.GetValueOrDefault(item)?.Findings ?? [];
            List<AuditFinding> now = [.. before.Where(finding => !kinds(finding.Kind)), .. findings];
            // The orders are the cause, and say more.
            if (now.Exists(finding => !finding.Kind.IsOfTotals()))
            {
                now.RemoveAll(finding => finding.Kind == BreakKind.Conservation);
            }

            _audits[item] = new ItemAudit(item, true, now);
            // Units change with every order; a break is logged once.
            if (!now.Select(Identity).ToHashSet().SetEquals(before.Select(Identity)))
            {
                Report(item, now);
            }
        }

        static (BreakKind, string?, long?) Identity(AuditFinding finding) => (finding.Kind, finding.OrderId, finding.UserId);
    }

    private void Report(ItemKey item, List<AuditFinding> findings)
    {
        if (findings.Count == 0)
        {
            LogBalanced(item.ToString());
        }
        else
        {
            LogUnbalanced(item.ToString(), findings.Count, string.Join("; ", findings.Take(3).Select(finding => finding.Text)));
        }
    }

    private IEnumerable<Measurement<long>> Findings()
    {
        var unbalanced = Broken();
        return Enum.GetValues<BreakKind>().Select(kind => new Measurement<long>(
            unbalanced.Sum(audit => audit.Findings.Count(finding => finding.Kind == kind)),
            new KeyValuePair<string, object?>("kind", BreakKindConverter.Name(kind))));
    }

    [LoggerMessage(440, LogLevel.Error, "The audit of {Item} finds broken equations, {Findings} findings: {Examples}")]
    private partial void LogUnbalanced(string item, int findings, string examples);
    [LoggerMessage(441, LogLevel.Information, "The audit of {Item} finds no broken equation any more.")]
    private partial void LogBalanced(string item);
}
