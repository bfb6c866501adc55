using System.Collections.Concurrent;

namespace Seckill.LoadTests.Demo;

/// <summary>What a buyer does with an order.</summary>
public enum LifeIntent
{
    /// <summary>Pays at once.</summary>
    Pay,

    /// <summary>Pays two times, with two payments.</summary>
    PayTwice,

    /// <summary>Pays a wrong amount, and then the right one.</summary>
    PayWrong,

    /// <summary>Cancels at once.</summary>
    Cancel,

    /// <summary>Is never heard of again.</summary>
    Leave,

    /// <summary>Follows the order until it has expired, and pays then.</summary>
    PayLate,
}

/// <summary>One order and what its buyer was told.</summary>
/// <param name="OrderId">The order.</param>
/// <param name="SkuId">The item; one unit of it.</param>
/// <param name="Intent">What the buyer did.</param>
/// <param name="IsSecondHand">True when its unit had come back from another order.</param>
public sealed record LifeOrder(string OrderId, long SkuId, LifeIntent Intent, bool IsSecondHand)
{
    /// <summary>Payment ids and what the provider was told of them.</summary>
    public List<(string PaymentId, string Outcome)> Payments { get; } = [];

    /// <summary>The answer to the cancellation; null when there was none.</summary>
    public string? Cancellation { get; set; }

    /// <summary>The last status of the stream of events; null when nobody followed.</summary>
    public string? Followed { get; set; }

    /// <summary>True when a payment was told to be accepted, now or before.</summary>
    public bool WasPaid => Payments.Exists(payment => payment.Outcome is "accepted" or "duplicate");
}

/// <summary>What the buyers of the second sale saw.</summary>
public sealed class LifeLog
{
    /// <summary>Accepted orders.</summary>
    public ConcurrentBag<LifeOrder> Orders { get; } = [];

    /// <summary>Buyers who came when everything was sold.</summary>
    public int Latecomers { get; set; }

    /// <summary>Sentences about what did not come to its end in time.</summary>
    public ConcurrentBag<string> Unfinished { get; } = [];
}
