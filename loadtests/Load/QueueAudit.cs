using System.Diagnostics;
using Seckill.LoadTests.Client;
using Seckill.LoadTests.Engine;
using Seckill.LoadTests.Results;

namespace Seckill.LoadTests.Load;

/// <summary>Whether a waiting room was fair, from what its buyers saw.</summary>
public static class QueueAudit
{
    // What an instance knows of a room is less than a second old, and two of them may differ by that.
    private static readonly TimeSpan s_staleness = TimeSpan.FromSeconds(2);

    // Who comes is estimated from those who came before.
    private const double MaximumInVain = 0.05;

    /// <summary>The section of the report.</summary>
    /// <param name="log">What the buyers saw.</param>
    /// <param name="unsold">Units that are left at the end.</param>
    public static ResultSection Check(QueueLog log, long unsold)
    {
        ArgumentNullException.ThrowIfNull(log);
        var buyers = log.Buyers.Where(buyer => buyer.Position is not null).OrderBy(buyer => buyer.Position).ToArray();
        var admitted = buyers.Where(buyer => buyer.AdmittedAt > 0).ToArray();
        var came = buyers.Count(buyer => buyer.First is not null);
        var bought = buyers.Count(buyer => buyer.First == Outcome.Accepted.Name);
        var inVain = buyers.Count(buyer => buyer.First == RefusalCode.SoldOut);
        var shared = buyers.Length - buyers.Select(buyer => buyer.Position).Distinct().Count();
        var moved = buyers.Count(buyer => buyer.HasMoved);
        var overtaken = Overtaken(buyers);
        var waited = unsold > 0 || log.LastOrderAt == 0
            ? 0 : buyers.Count(buyer => buyer.LastWaitedAt > log.LastOrderAt + Ticks(s_staleness));
        var (cheats, accepted) = (buyers.Sum(buyer => buyer.Cheats), buyers.Sum(buyer => buyer.AcceptedCheats));
        return new ResultSection("What the waiting room did",
        [
            new("Buyers with a position", Amount.Text(buyers.Length), $"{Amount.Text(admitted.Length)} were admitted"),
            new("Came in time", Amount.Text(came), $"{Amount.Text(bought)} bought"),
            Row("Positions of two", shared, "buyers share a position"),
            Row("Positions that changed", moved, "buyers saw another one later"),
            Row("Overtaken", overtaken, "waited while a worse position was admitted"),
            Row("Passes accepted again", accepted, $"of {Amount.Text(cheats)} orders with a pass that was used or had expired"),
            new("Came in vain", Amount.Text(inVain), $"admitted and sold out, at most {MaximumInVain:P0} of those who came",
                inVain <= Math.Max(5, MaximumInVain * came) ? RowVerdict.Right : RowVerdict.Wrong),
            Row("Waited for nothing", waited, $"waited {s_staleness.TotalSeconds:0} s after the last unit"),
        ]);
    }

    // By position: a buyer behind was admitted well before a question of this buyer that was answered "waiting".
    private static int Overtaken(QueuedBuyer[] buyers)
    {
        var (count, earliest) = (0, long.MaxValue);
        for (var i = buyers.Length - 1; i >= 0; i--)
        {
            count += buyers[i].LastWaitedAt > 0 && earliest < long.MaxValue
                && earliest + Ticks(s_staleness) < buyers[i].LastWaitedAt ? 1 : 0;
            earliest = buyers[i].AdmittedAt > 0 ? Math.Min(earliest, buyers[i].AdmittedAt) : earliest;
        }

        return count;
    }

    private static long Ticks(TimeSpan time) => (long)(time.TotalSeconds * Stopwatch.Frequency);

    private static ResultRow Row(string name, int wrong, string meaning) =>
        new(name, Amount.Text(wrong), meaning, wrong == 0 ? RowVerdict.Right : RowVerdict.Wrong);
}
