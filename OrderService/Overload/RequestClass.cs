namespace Seckill.OrderService.Overload;

/// <summary>
/// What a request is for; the first is shed last. Payments and cancellations have no class, because nothing ever refuses them for the load.
/// </summary>
internal enum RequestClass
{
    /// <summary>
    /// A click that repeats one that may have its order: of an Idempotency-Key that is known. And one of the few that ask Redis for a
    /// sold-out item. Never shed.
    /// </summary>
    Retry,
    /// <summary>A poll or an event stream of an own order.</summary>
    OwnOrder,
    /// <summary>A click with a valid pass, and everything in a waiting room.</summary>
    PassHolder,
    /// <summary>Any other click, and the exchange of a token.</summary>
    NewClick,
    /// <summary>A look at the sales.</summary>
    SalePage,
}
