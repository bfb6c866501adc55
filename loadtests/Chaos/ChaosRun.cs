using System.Diagnostics;
using Seckill.Chaos.Invariants;
using Seckill.Tests.Harness.Clients;
using Seckill.Tests.Harness.Processes;

namespace Seckill.Chaos;

/// <summary>What became of a run.</summary>
/// <param name="Schedule">What was done.</param>
/// <param name="Operations">Of all clients, with their looks at a waiting room.</param>
/// <param name="Calls">Of the operators.</param>
/// <param name="Late">Commands that Redis got late.</param>
/// <param name="Took">From the opening of the sale to the verdict.</param>
/// <param name="Recovery">After healing: until 99 % of what was begun from then on had a definite outcome.</param>
/// <param name="Violation">The first broken invariant; null when all held.</param>
internal sealed record RunResult(
    Schedule Schedule, int Operations, IReadOnlyCollection<OperatorCall> Calls, int Late, TimeSpan Took, TimeSpan Recovery,
    InvariantException? Violation);

/// <summary>One run: a sale under load and faults, healing, a calm while, rest, the verdict, and its archive.</summary>
/// <param name="stage">Where.</param>
/// <param name="schedule">What is done.</param>
/// <param name="variant">What is broken on purpose, if anything.</param>
/// <param name="drainLimit">How long the sale may take to come to rest after healing.</param>
internal sealed class ChaosRun(Stage stage, Schedule schedule, Variant? variant, TimeSpan drainLimit)
{
    private const double DefiniteShare = 0.99;
    private const double CalmMilliseconds = 1_200;
    private static readonly TimeSpan s_longestUnrest = TimeSpan.FromSeconds(30);
    private readonly History _history = new();
    private FaultRunner? _faults;
    private Evidence? _evidence;
    private Sale? _sale;

    /// <summary>Runs it. Where a violation is found, everything about it is in the directory afterwards.</summary>
    /// <param name="evidenceDirectory">Made only when there is something to keep.</param>
    public async Task<RunResult> RunAsync(string evidenceDirectory)
    {
        var begun = Stopwatch.GetTimestamp();
        InvariantException? violation = null;
        var recovery = TimeSpan.Zero;
        try
        {
            recovery = await SufferAsync();
        }
        catch (InvariantException exception)
        {
            violation = exception;
        }
#pragma warning disable CA1031 // Whatever it was, it is a finding, and what is known about it is kept.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            // The system did not come back: nothing is lost perhaps, and yet nothing works.
            violation = new InvariantException("comes back", exception.ToString());
        }

        if (violation is null)
        {
            await stage.ForgetAsync(_sale!);
        }
        else
        {
            var writer = new EvidenceWriter(stage, schedule, variant, _history, _evidence, _faults, _sale, violation);
            await writer.WriteAsync(evidenceDirectory);
        }

        return new RunResult(
            schedule, _history.Operations.Count + _history.Looks.Count, _history.Calls,
            _faults?.Late.Count(answer => answer.Length > 0) ?? 0,
            Stopwatch.GetElapsedTime(begun), recovery, violation);
    }

    private async Task<TimeSpan> SufferAsync()
    {
        await stage.ReadyAsync();
        _sale = await Sale.OpenAsync(
            stage.Inventories[0].Now, schedule.Units, schedule.Items, schedule.LimitPerUser, fitsLegacy: true,
            schedule.PaymentTimeoutSeconds, waitingRoom: schedule.HasRoom ? new { admitPerSecond = 500, passSeconds = 8 } : null);
        using var buyers = new Buyers(_sale);
        await using var watch = new Watch(stage, _sale, _history);
        await using var shoppers = new Shoppers(stage, buyers, schedule, _history);
        await using var operators = new Operators(stage, _sale, schedule, _history);
        _faults = new FaultRunner(stage, _sale, _history, new Random(schedule.Seed));
        await Task.WhenAll(_faults.RunAsync(schedule), Task.Delay(schedule.LoadMilliseconds));
        var leaving = operators.LeaveAsync();
        await stage.HealAsync();
        await leaving;
        var healed = _history.Now;
        await Eventually.IsTrueAsync("operations are definite again", () => IsCalm(healed), s_longestUnrest);
        await shoppers.LeaveAsync();
        await stage.WriteLegacyAsync(_history.Calls.Any(call => call is { Act: OperatorAct.SwitchLegacy, Detail: "off" or "retired" }));
        var left = await EvidenceReader.DrainAsync(stage, _sale, drainLimit);
        await watch.EndAsync();
        await JudgeAsync(buyers, watch);
        if (left.Length > 0)
        {
            throw new InvariantException("comes to rest", $"{drainLimit.TotalSeconds:0} s after the last client left: {left}");
        }

        await new SaleEnd(stage, buyers, new Random(schedule.Seed)).ArchiveAsync(_evidence!.Rows);
        return Recovery(healed);
    }

    private async Task JudgeAsync(Buyers buyers, Watch watch)
    {
        _evidence = await EvidenceReader.ReadAsync(stage, buyers, schedule, _history, watch, _faults!.Losses);
        Invariant.CheckAll(_evidence);
        if (_evidence.LegacyFound.Count > 0)
        {
            // What was found must also be repairable.
            await DualDatabases.AskAsync(stage.Apis[0].Now, "/repair", new { dryRun = false }, HttpMethod.Post);
            await EvidenceReader.DrainAsync(stage, buyers.Sale, drainLimit);
            // The queue gave each event to the first reading.
            var again = await EvidenceReader.ReadAsync(stage, buyers, schedule, _history, watch, _faults.Losses);
            _evidence = again with { Delivered = [.. _evidence.Delivered, .. again.Delivered] };
            Invariant.CheckAll(_evidence with { LegacyFound = new HashSet<string>() });
        }
    }

    private bool IsCalm(double healed)
    {
        var now = _history.Now;
        var last = _history.Operations.Where(operation => operation.Ended > now - 1_000).ToArray();
        return now - healed > CalmMilliseconds && last.Length > 0
            && last.Count(operation => !operation.IsUnknown) >= DefiniteShare * last.Length;
    }

    private TimeSpan Recovery(double healed)
    {
        var after = _history.Operations.Where(operation => operation.Begun >= healed).OrderByDescending(operation => operation.Begun);
        var (all, unknown, from) = (0, 0, healed);
        foreach (var operation in after)
        {
            all++;
            unknown += operation.IsUnknown ? 1 : 0;
            if (unknown > (1 - DefiniteShare) * all)
            {
                // Everything that was begun later is definite enough.
                from = Math.Max(from, operation.Begun);
            }
        }

        return TimeSpan.FromMilliseconds(from - healed);
    }
}
