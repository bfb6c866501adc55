using System.ComponentModel.DataAnnotations;

namespace Seckill.OrderService.Overload;

/// <summary>Settings under <c>Overload</c>: whom an instance refuses when more come than it can serve.</summary>
public sealed class OverloadOptions
{
    /// <summary>False refuses no request for the load: what cannot be served waits.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>How long a click may wait for its call to Redis, milliseconds. While it is longer, fewer clicks are admitted.</summary>
    [Range(1, 60_000)] public int TargetQueueWaitMilliseconds { get; set; } = 60;

    /// <summary>
    /// How long work may wait for a processor, milliseconds. While it is longer, sale pages are refused and somewhat fewer clicks admitted.
    /// </summary>
    [Range(1, 60_000)] public int TargetCpuWaitMilliseconds { get; set; } = 250;

    /// <summary>Clicks that are admitted at once however long they wait: enough to fill a call to Redis.</summary>
    [Range(1, 1_000_000)] public int MinConcurrency { get; set; } = 512;

    /// <summary>Clicks that a new instance admits at once, and an idle one.</summary>
    [Range(1, 1_000_000)] public int InitialConcurrency { get; set; } = 2_000;

    /// <summary>Clicks that are ever admitted at once. When it is below the others, it stands for them too.</summary>
    [Range(1, 1_000_000)] public int MaxConcurrency { get; set; } = 10_000;

    /// <summary>The longest Retry-After of a refusal for the load, seconds.</summary>
    [Range(1, 60)] public int LongestRetryAfterSeconds { get; set; } = 10;
}
