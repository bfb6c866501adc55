using System.ComponentModel.DataAnnotations;

namespace Seckill.OrderService.LegacyOrders.Database;

/// <summary>Settings under <c>Legacy</c>.</summary>
public sealed class LegacyOptions
{
    /// <summary>
    /// Creates the legacy table. Only for tests; in production it belongs to others, and in Development it is created in any case.
    /// </summary>
    public bool CreateSchema { get; set; }

    /// <summary>
    /// Batches that one worker writes at once, at most; one alone while no change waits for longer than two seconds. There are four lanes,
    /// so that of all workers together more than four do nothing.
    /// </summary>
    [Range(1, 16)]
    public int Writers { get; set; } = 2;

    /// <summary>Changes in one batch.</summary>
    [Range(1, 10_000)]
    public int MaxBatch { get; set; } = 1_024;

    /// <summary>A difference of an order that changed less than this ago is called lagging and not reported, seconds.</summary>
    [Range(0, 3_600)]
    public int LaggingSeconds { get; set; } = 10;

    /// <summary>Orders that the continuous verifier looks at in a second, at most.</summary>
    [Range(1, 1_000_000)]
    public int VerifiedPerSecond { get; set; } = 5_000;

    /// <summary>Pause between two rounds of the verifier, milliseconds.</summary>
    [Range(0, 3_600_000)]
    public int RoundPauseMilliseconds { get; set; } = 2_000;

    /// <summary>A buyer's request waits this long for the legacy row, and then gets ours, milliseconds.</summary>
    [Range(1, 10_000)]
    public int ReadPatienceMilliseconds { get; set; } = 200;

    /// <summary>A batch that takes longer counts as a failure, milliseconds.</summary>
    [Range(1, 60_000)]
    public int SlowBatchMilliseconds { get; set; } = 2_000;

    /// <summary>The breaker judges by this many of the last verifications.</summary>
    [Range(1, 1_000_000)]
    public int BreakerWindow { get; set; } = 1_000;

    /// <summary>Share of mismatches in the window at which the breaker opens, percent; never before a tenth of the window.</summary>
    [Range(1, 100)]
    public int BreakerMismatchPercent { get; set; } = 5;

    /// <summary>Failures among the last 20 calls at which the breaker opens.</summary>
    [Range(1, 20)]
    public int BreakerFailures { get; set; } = 3;
}
