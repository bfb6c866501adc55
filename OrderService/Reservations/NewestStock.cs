namespace Seckill.OrderService.Reservations;

/// <summary>
/// The newest stock of an item that this instance has seen. Older stock, after a failover to a replica that was behind, is not sold:
/// reserve.lua gets this version with each call.
/// </summary>
internal sealed class NewestStock
{
    private readonly Lock _lock = new();
    private StockVersion _version;

    public StockVersion Version
    {
        get
        {
            lock (_lock)
            {
                return _version;
            }
        }
    }

    /// <summary>Remembers a version, if it is newer. Replies may overtake each other.</summary>
    public void See(StockVersion version)
    {
        lock (_lock)
        {
            _version = version.IsNewerThan(_version) ? version : _version;
        }
    }
}
