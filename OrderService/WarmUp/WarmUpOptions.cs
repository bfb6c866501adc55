using System.ComponentModel.DataAnnotations;

namespace Seckill.OrderService.WarmUp;

/// <summary>Settings under <c>WarmUp</c>.</summary>
public sealed class WarmUpOptions
{
    /// <summary>
    /// How long a process may rehearse orders of no sale before it reports that it is ready, milliseconds. It ends sooner when nothing is
    /// left to compile, and goes on without it when a store is down. 0: no warm-up.
    /// </summary>
    [Range(0, 60_000)] public int LongestMilliseconds { get; set; } = 3_000;
}
