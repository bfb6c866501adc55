namespace Seckill.InventoryService.Rebuild;

/// <summary>The steps of a rebuild. After a kill before any of them the item stays stopped; the next attempt starts at the first.</summary>
public enum RebuildStep
{
    /// <summary>The item is stopped in Redis.</summary>
    Fence,
    /// <summary>PostgreSQL remembers that the item is stopped.</summary>
    Mark,
    /// <summary>Accepted orders reach PostgreSQL.</summary>
    Drain,
    /// <summary>The item has its whole allocation and no holds.</summary>
    Reset,
    /// <summary>Live orders get their holds back, and all orders their idempotency keys.</summary>
    Restore,
    /// <summary>The remaining orders get them back. Repeated for each batch after the first.</summary>
    RestoreRest,
    /// <summary>PostgreSQL counts the next epoch: all earlier data in Redis is void.</summary>
    Epoch,
    /// <summary>The item sells again.</summary>
    Reopen,
}

/// <summary>Outcome of an attempt to rebuild an item.</summary>
internal enum RebuildOutcome
{
    /// <summary>The item sells again, or stays closed by hand, with the next epoch.</summary>
    Done,
    /// <summary>Another process rebuilds or repairs the item, or has just rebuilt it.</summary>
    Running,
    /// <summary>Accepted orders wait in the outbox for RabbitMQ, a worker or PostgreSQL. The item stays stopped; try again.</summary>
    NotDrained,
    /// <summary>Redis lost data again during the rebuild, or another rebuild started. The item stays stopped; try again.</summary>
    LostAgain,
}
