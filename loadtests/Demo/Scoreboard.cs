using Seckill.LoadTests.Client;

namespace Seckill.LoadTests.Demo;

/// <summary>Running totals for the display while the rush is on. The result is computed from the log, not from here.</summary>
public sealed class Scoreboard
{
    private readonly long[] _refused = new long[RefusalCode.All.Count];
    private long _attempts;
    private long _accepted;
    private long _unknown;

    /// <summary>Requests answered or given up.</summary>
    public long Attempts => Volatile.Read(ref _attempts);

    /// <summary>202s.</summary>
    public long Accepted => Volatile.Read(ref _accepted);

    /// <summary>Unknown outcomes.</summary>
    public long Unknown => Volatile.Read(ref _unknown);

    /// <summary>Refusals by code, only those that occurred.</summary>
    public IEnumerable<(string Code, long Count)> Refused =>
        RefusalCode.All.Select((code, index) => (code, Volatile.Read(ref _refused[index]))).Where(entry => entry.Item2 > 0);

    /// <summary>Counts one answer. Safe from any thread.</summary>
    public void Count(in OrderAnswer answer)
    {
        Interlocked.Increment(ref _attempts);
        switch (answer.Kind)
        {
            case AnswerKind.Accepted:
                Interlocked.Increment(ref _accepted);
                break;
            case AnswerKind.Refused:
                Interlocked.Increment(ref _refused[RefusalCode.IndexOf(answer.Code)]);
                break;
            default:
                Interlocked.Increment(ref _unknown);
                break;
        }
    }
}
