namespace Seckill.OrderService.Payments;

/// <summary>The payment provider, asked for what it has not told.</summary>
public interface IPaymentProvider
{
    /// <summary>The payment that it has taken for an order; null when it has taken none.</summary>
    /// <exception cref="HttpRequestException">It did not answer, or not as agreed: nothing is known.</exception>
    /// <exception cref="TimeoutException">It did not answer in time.</exception>
    Task<Payment?> FindAsync(string orderId, CancellationToken cancellationToken);
}
