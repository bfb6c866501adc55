using System.ComponentModel.DataAnnotations;

namespace Seckill.OrderService.Persistence;

/// <summary>Settings under <c>Persistence</c>.</summary>
public sealed class PersistenceOptions
{
    /// <summary>Messages that one worker persists at once, each on a PostgreSQL connection of its own.</summary>
    [Range(1, 64)]
    public int ConcurrentMessages { get; set; } = 4;

    /// <summary>Messages that the broker hands to one worker ahead of time.</summary>
    [Range(1, 1_000)]
    public int Prefetch { get; set; } = 16;
}
