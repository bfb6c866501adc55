using System.Net;
using System.Net.Http.Headers;
using Seckill.Shared.Security;

namespace Seckill.LoadTests.Client;

/// <summary>
/// The storefront as one buyer at a time sees it, over any number of API instances. An instance of this class serves one
/// request at a time and reuses its buffer and its timer; many of them share one <see cref="HttpMessageInvoker"/>.
/// </summary>
public sealed class StorefrontClient : IDisposable
{
    /// <summary>A buyer gives up after this time; the outcome of the order is then unknown.</summary>
    public static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(10);

    private static readonly MediaTypeHeaderValue s_json = new("application/json");

    private readonly HttpMessageInvoker _http;
    private readonly IReadOnlyList<Uri> _apis;
    private readonly IReadOnlyList<Uri> _orders;
    private readonly MemoryStream _body = new(1024);
    private readonly TimeSpan _limit;
    private readonly CancellationToken _stop;
    private readonly CancellationTokenRegistration _onStop;
    private CancellationTokenSource _timeout = new();

    /// <param name="http">Shared connections.</param>
    /// <param name="apis">Base addresses of the API instances, at least one.</param>
    /// <param name="stop">Ends the request under way, which then counts as unknown.</param>
    /// <param name="limit">How long an answer may take; <see cref="RequestTimeout"/> when not given.</param>
    /// <param name="orders">Path of what takes orders.</param>
    public StorefrontClient(
        HttpMessageInvoker http, IReadOnlyList<Uri> apis, CancellationToken stop, TimeSpan? limit = null, string orders = "orders")
    {
        (_http, _apis, _limit) = (http, apis, limit ?? RequestTimeout);
        _orders = [.. apis.Select(api => new Uri(api, orders))];
        _stop = stop;
        _onStop = stop.Register(() => Volatile.Read(ref _timeout).Cancel());
    }

    /// <summary>Connections for at most <paramref name="connections"/> requests at a time to each API instance.</summary>
    public static HttpMessageInvoker Connect(int connections) => new(new SocketsHttpHandler
    {
        MaxConnectionsPerServer = connections,
        UseCookies = false,
        UseProxy = false,
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        ActivityHeadersPropagator = null,
        ConnectTimeout = TimeSpan.FromSeconds(5),
    });

    /// <summary>(1) One click. Never throws for what the network or the storefront does.</summary>
    /// <param name="api">Index of the instance to ask.</param>
    /// <param name="authorization">The whole header value.</param>
    /// <param name="order">What to order.</param>
    /// <param name="key">Idempotency-Key, or null to send none.</param>
    /// <param name="pass">Of the sale's waiting room, or null to send none.</param>
    public async Task<OrderAnswer> PlaceAsync(int api, string authorization, OrderRequest order, string? key, string? pass = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, _orders[api]);
        request.Content = new ByteArrayContent(order.Body) { Headers = { ContentType = s_json } };
        request.Headers.TryAddWithoutValidation("Authorization", authorization);
        if (key is not null)
        {
            request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        }

        if (pass is not null)
        {
            request.Headers.TryAddWithoutValidation(SalePass.Header, pass);
        }

        try
        {
            using var response = await SendAsync(request);
            return OrderAnswerReader.Read(order, response, Body);
        }
        catch (Exception error) when (IsNetwork(error))
        {
            return OrderAnswer.Unknown(Failure(error));
        }
    }

    /// <summary>The body of the last answer, until the next request.</summary>
    public ReadOnlySpan<byte> Body => _body.GetBuffer().AsSpan(0, (int)_body.Length);

    /// <summary>Any other request. Never throws for what the network or the storefront does.</summary>
    /// <param name="api">Index of the instance to ask.</param>
    /// <param name="method">HTTP method.</param>
    /// <param name="path">From the address of the instance on, without a slash.</param>
    /// <param name="headers">All of them but those of the body.</param>
    /// <param name="json">The body; null for none.</param>
    /// <returns>The status; null, and why, when no answer came.</returns>
    public async Task<(HttpStatusCode? Status, string? Failure)> AskAsync(
        int api, HttpMethod method, string path, IReadOnlyList<(string Name, string Value)> headers, byte[]? json)
    {
        using var request = new HttpRequestMessage(method, new Uri(_apis[api], path));
        request.Content = json is null ? null : new ByteArrayContent(json) { Headers = { ContentType = s_json } };
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        try
        {
            using var response = await SendAsync(request);
            return (response.StatusCode, null);
        }
        catch (Exception error) when (IsNetwork(error))
        {
            return (null, Failure(error));
        }
    }

    /// <summary>The status of <c>GET /orders/{id}</c>, or null when no answer came.</summary>
    public async Task<HttpStatusCode?> FindOrderAsync(int api, string authorization, string orderId) =>
        (await AskAsync(api, HttpMethod.Get, $"orders/{orderId}", [("Authorization", authorization)], null)).Status;

    /// <inheritdoc/>
    public void Dispose()
    {
        _onStop.Dispose();
        _timeout.Dispose();
        _body.Dispose();
    }

    private static string Failure(Exception error) => error switch
    {
        HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError } => OrderAnswer.NotSent,
        OperationCanceledException => OrderAnswer.TimedOut,
        _ => OrderAnswer.ConnectionLost,
    };

    private static bool IsNetwork(Exception error) => error is HttpRequestException or IOException or OperationCanceledException;

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request)
    {
        _stop.ThrowIfCancellationRequested();
        if (!_timeout.TryReset())
        {
            // The old one is left to the collector: the stop callback may be cancelling it at this moment.
            Volatile.Write(ref _timeout, new CancellationTokenSource());
        }

        var timeout = _timeout.Token;
        _timeout.CancelAfter(_limit);
        var response = await _http.SendAsync(request, timeout);
        try
        {
            _body.SetLength(0);
            await response.Content.CopyToAsync(_body, timeout);
            return response;
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }
}
