using System.Net;

namespace Seckill.OrderService.Payments;

/// <summary>
/// Asks by HTTP: <c>GET</c> of the configured address, with the order id signed like a notification. 200 has the payment, in the form of a
/// notification; 404 says that there is none. docs/INTEGRATION.md has the contract.
/// </summary>
internal sealed class HttpPaymentProvider(PaymentSignature signature, IOptions<PaymentOptions> options) : IPaymentProvider, IDisposable
{
    private const int LongestAnswer = 64 * 1024;

    private readonly HttpClient _http = new(OutgoingHttp.NewHandler())
    {
        Timeout = TimeSpan.FromMilliseconds(options.Value.FindTimeoutMilliseconds), MaxResponseContentBufferSize = LongestAnswer,
    };

    /// <inheritdoc/>
    public async Task<Payment?> FindAsync(string orderId, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(
            HttpMethod.Get, options.Value.FindUrl!.Replace(PaymentsFeature.OrderIdInUrl, orderId, StringComparison.Ordinal));
        request.Headers.Add(PaymentSignature.Header, signature.Sign(orderId));
        try
        {
            using var response = await _http.SendAsync(request, cancellationToken);
            if (response.StatusCode == HttpStatusCode.NotFound)
            {
                return null;
            }

            if (response.StatusCode != HttpStatusCode.OK)
            {
                throw new HttpRequestException($"The payment provider answered {(int)response.StatusCode}.");
            }

            var payment = JsonSerializer.Deserialize(
                await response.Content.ReadAsByteArrayAsync(cancellationToken), PaymentJson.Default.Payment);
            return payment is not null && payment.OrderId == orderId && PaymentEndpoints.Check(payment).Count == 0
                ? payment
                : throw new HttpRequestException($"The payment provider did not answer with a payment of {orderId}.");
        }
        catch (JsonException exception)
        {
            throw new HttpRequestException("The payment provider did not answer with JSON.", exception);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException(
                $"The payment provider did not answer within {options.Value.FindTimeoutMilliseconds} ms.", exception);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();
}
