using System.ComponentModel.DataAnnotations;

namespace Seckill.OrderService.Payments;

/// <summary>Settings under <c>Payments</c>, beside the keys.</summary>
public sealed class PaymentOptions
{
    /// <summary>Where the payment of an order is asked for, with <c>{orderId}</c> in it; without it no payment is asked for.</summary>
    public string? FindUrl { get; set; }

    /// <summary>
    /// Seconds that an order waits at most after its time to pay, while the provider is asked; then it expires, asked or not.
    /// </summary>
    [Range(1, 600)] public int FindGraceSeconds { get; set; } = 15;

    /// <summary>Time for one answer of the provider, milliseconds.</summary>
    [Range(100, 60_000)] public int FindTimeoutMilliseconds { get; set; } = 2_000;

    /// <summary>Questions to the provider at once.</summary>
    [Range(1, 256)] public int FindConcurrency { get; set; } = 8;
}
