using System.ComponentModel.DataAnnotations;

namespace Seckill.OrderService.LegacyOrders.Database;

/// <summary>Settings under <c>Legacy</c>.</summary>
public sealed class LegacyOptions
{
    /// <summary>
    /// Creates the legacy table. For tests only: in production other departments own the table, and Development always creates it.
    /// </summary>
    public bool CreateSchema { get; set; }

    /// <summary>
    /// Maximum of batches that one worker writes at once. Only one is written while no change is older than two seconds. There are four
    /// lanes, so more than four writers in all workers together have no effect.
    /// </summary>
    [Range(1, 16)] public int Writers { get; set; } = 2;

    /// <summary>Maximum of changes in one batch.</summary>
    [Range(1, 10_000)] public int MaxBatch { get; set; } = 1_024;

    /// <summary>A difference in an order that changed less than this ago counts as lagging and is not reported, seconds.</summary>
    [Range(0, 3_600)] public int LaggingSeconds { get; set; } = 10;

    /// <summary>Maximum of orders that the continuous verifier compares in a second.</summary>
    [Range(1, 1_000_000)] public int VerifiedPerSecond { get; set; } = 5_000;

    /// <summary>Pause between two rounds of the verifier, milliseconds.</summary>
    [Range(0, 3_600_000)] public int RoundPauseMilliseconds { get; set; } = 2_000;

    /// <summary>Timeout of a buyer's read of the legacy row, milliseconds; then the new row answers.</summary>
    [Range(1, 10_000)] public int ReadPatienceMilliseconds { get; set; } = 200;

    /// <summary>A batch that takes longer counts as a failure, milliseconds.</summary>
    [Range(1, 60_000)] public int SlowBatchMilliseconds { get; set; } = 2_000;

    /// <summary>How many of the last verified orders the breaker judges by.</summary>
    [Range(1, 1_000_000)] public int BreakerWindow { get; set; } = 1_000;

    /// <summary>
    /// Share of mismatches in the window at which the breaker opens, percent. It never opens before a tenth of the window is verified.
    /// </summary>
    [Range(1, 100)] public int BreakerMismatchPercent { get; set; } = 5;

    /// <summary>Failures among the last 20 calls at which the breaker opens.</summary>
    [Range(1, 20)] public int BreakerFailures { get; set; } = 3;
}
