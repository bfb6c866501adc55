namespace Seckill.OrderService.Overload;

/// <summary>Why a request was shed.</summary>
internal enum ShedReason
{
    /// <summary>More came at once than the limit allows; what waits is not late yet.</summary>
    Burst,
    /// <summary>Clicks wait too long for their call to Redis.</summary>
    QueueWait,
    /// <summary>Work waits too long for a processor.</summary>
    CpuWait,
}
