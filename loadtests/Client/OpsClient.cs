using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Seckill.LoadTests.Client;

/// <summary>
/// The ops endpoints of InventoryService, and the dual write of OrderService. A 503 is retried by its Retry-After: one of them, in the
/// middle of an audit, must not cost the report. Every other failure is an <see cref="HttpRequestException"/>
/// whose message names the call and the answer.
/// </summary>
public sealed class OpsClient : IDisposable
{
    private static readonly TimeSpan s_pollInterval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan s_longestRetry = TimeSpan.FromSeconds(60);
    private readonly HttpClient _http;

    /// <param name="service">Base address of the service.</param>
    /// <param name="opsKey">Bearer key of the ops endpoints.</param>
    public OpsClient(Uri service, string opsKey)
    {
        _http = new HttpClient { BaseAddress = service, Timeout = TimeSpan.FromSeconds(30) };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", opsKey);
    }

    /// <summary>Creates the sale, not yet open.</summary>
    public async Task CreateAsync(Sale sale, CancellationToken cancellationToken)
    {
        using var content = JsonContent.Create(sale, OpsJson.Default.Sale);
        (await SendAsync(HttpMethod.Post, "sales", content, cancellationToken)).Dispose();
    }

    /// <summary>Opens the sale: its stock is in Redis when this returns.</summary>
    public async Task OpenAsync(long saleId, CancellationToken cancellationToken) =>
        (await SendAsync(HttpMethod.Post, $"sales/{saleId}/open", null, cancellationToken)).Dispose();

    /// <summary>Closes the sale: nothing more is sold.</summary>
    public async Task CloseAsync(long saleId, CancellationToken cancellationToken) =>
        (await SendAsync(HttpMethod.Post, $"sales/{saleId}/close", null, cancellationToken)).Dispose();

    /// <summary>Archives the sale.</summary>
    /// <returns>Why it cannot be archived yet; null when it is.</returns>
    public async Task<string?> TryArchiveAsync(long saleId, CancellationToken cancellationToken)
    {
        try
        {
            (await SendAsync(HttpMethod.Post, $"sales/{saleId}/archive", null, cancellationToken)).Dispose();
            return null;
        }
        catch (HttpRequestException error) when (error.StatusCode == HttpStatusCode.Conflict)
        {
            return error.Message;
        }
    }

    /// <summary>Adds units to an item, or withdraws them; the same key does so once.</summary>
    public async Task ChangeStockAsync(long saleId, long skuId, int delta, string key, CancellationToken cancellationToken)
    {
        using var content = JsonContent.Create(new StockChange(delta), OpsJson.Default.StockChange);
        content.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        (await SendAsync(HttpMethod.Post, $"sales/{saleId}/items/{skuId}/stock", content, cancellationToken)).Dispose();
    }

    /// <summary>The service's own account, by item.</summary>
    public async Task<IReadOnlyList<LedgerItem>> LedgerAsync(long saleId, CancellationToken cancellationToken) =>
        (await ReadAsync(HttpMethod.Get, $"sales/{saleId}/ledger", OpsJson.Default.Ledger, cancellationToken)).Items;

    /// <summary>Makes the service compare its stores now.</summary>
    public Task<ServiceAudit> AuditAsync(long saleId, CancellationToken cancellationToken) =>
        ReadAsync(HttpMethod.Post, $"sales/{saleId}/audit", OpsJson.Default.ServiceAudit, cancellationToken);

    /// <summary>Starts the rebuild of the sale and waits for its end.</summary>
    public async Task RebuildAsync(long saleId, CancellationToken cancellationToken)
    {
        var path = $"sales/{saleId}/rebuild";
        var job = await ReadAsync(HttpMethod.Post, path, OpsJson.Default.RebuildJob, cancellationToken);
        while (job.State == "running")
        {
            await Task.Delay(s_pollInterval, cancellationToken);
            job = await ReadAsync(HttpMethod.Get, path, OpsJson.Default.RebuildJob, cancellationToken);
        }

        if (job.State != "done")
        {
            var reasons = string.Join(
                "; ", job.Items.Where(item => item.Error is not null).Select(item => $"SKU {item.SkuId}: {item.Error}"));
            throw new HttpRequestException($"The rebuild of sale {saleId} failed: {reasons}");
        }
    }

    /// <summary>Orders of the sale that wait to be persisted.</summary>
    public async Task<long> BacklogAsync(long saleId, CancellationToken cancellationToken) =>
        (await ReadAllAsync("outbox", OpsJson.Default.IReadOnlyListOutboxItem, cancellationToken))
            .Where(item => item.SaleId == saleId).Sum(item => item.Depth);

    /// <summary>Units of the sale in quarantine.</summary>
    public async Task<long> QuarantinedAsync(long saleId, CancellationToken cancellationToken) =>
        (await ReadAllAsync("quarantine", OpsJson.Default.IReadOnlyListQuarantined, cancellationToken))
            .Where(order => order.SaleId == saleId).Sum(order => order.Quantity);

    /// <summary>Ids of the payments whose money must go back.</summary>
    public async Task<IReadOnlyList<string>> RefundsAsync(CancellationToken cancellationToken) =>
        [.. (await ReadAllAsync("refunds", OpsJson.Default.IReadOnlyListRefund, cancellationToken)).Select(refund => refund.PaymentId)];

    /// <summary>The state of the dual write; asks OrderService.</summary>
    public Task<DualWriteView> DualWriteAsync(CancellationToken cancellationToken) =>
        ReadAsync(HttpMethod.Get, "dual-write", OpsJson.Default.DualWriteView, cancellationToken);

    /// <summary>Switches the mode of the dual write; false when the service has no legacy database.</summary>
    public async Task<bool> SwitchDualWriteAsync(string mode, CancellationToken cancellationToken)
    {
        using var content = JsonContent.Create(new DualWriteMode(mode), OpsJson.Default.DualWriteMode);
        try
        {
            (await SendAsync(HttpMethod.Put, "dual-write", content, cancellationToken)).Dispose();
            return true;
        }
        catch (HttpRequestException error) when (error.StatusCode == HttpStatusCode.Conflict)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    // Every page: a list says in its header Link where the next one is.
    private async Task<IReadOnlyList<T>> ReadAllAsync<T>(
        string path, JsonTypeInfo<IReadOnlyList<T>> type, CancellationToken cancellationToken)
    {
        var all = new List<T>();
        for (string? page = path; page is not null;)
        {
            using var response = await SendAsync(HttpMethod.Get, page, null, cancellationToken);
            all.AddRange(await BodyAsync(response, type, cancellationToken));
            // As in <?after=7>; rel="next".
            page = response.Headers.TryGetValues("Link", out var links) ? path + links.First().Split('<', '>')[1] : null;
        }

        return all;
    }

    private async Task<T> ReadAsync<T>(HttpMethod method, string path, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(method, path, null, cancellationToken);
        return await BodyAsync(response, type, cancellationToken);
    }

    private static async Task<T> BodyAsync<T>(HttpResponseMessage response, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        try
        {
            return await response.Content.ReadFromJsonAsync(type, cancellationToken) ?? throw new JsonException("null");
        }
        catch (JsonException error)
        {
            var request = response.RequestMessage!;
            throw new HttpRequestException(
                $"{request.Method} {request.RequestUri} did not answer a {typeof(T).Name}: {error.Message}", error);
        }
    }

    private async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, string path, HttpContent? content, CancellationToken cancellationToken)
    {
        var call = $"{method} {new Uri(_http.BaseAddress!, path)}";
        var startedAt = Stopwatch.GetTimestamp();
        while (true)
        {
            var response = await SendOnceAsync(call, method, path, content, cancellationToken);
            if (response.IsSuccessStatusCode)
            {
                return response;
            }

            using (response)
            {
                if (response.StatusCode == HttpStatusCode.ServiceUnavailable && response.Headers.RetryAfter?.Delta is { } pause
                    && Stopwatch.GetElapsedTime(startedAt) + pause < s_longestRetry)
                {
                    await Task.Delay(pause, cancellationToken);
                    continue;
                }

                var body = await response.Content.ReadAsStringAsync(cancellationToken);
                var advice = response.StatusCode == HttpStatusCode.Unauthorized ? " Is OPS_KEY the key of that system?" : "";
                throw new HttpRequestException($"{call} answered {(int)response.StatusCode}: {body}{advice}", null, response.StatusCode);
            }
        }
    }

    private async Task<HttpResponseMessage> SendOnceAsync(
        string call, HttpMethod method, string path, HttpContent? content, CancellationToken cancellationToken)
    {
        // Buffered, because a body without a length is refused, and because it may be sent again.
        await (content?.LoadIntoBufferAsync(cancellationToken) ?? Task.CompletedTask);
        // Not disposed: it would take the content with it.
        var request = new HttpRequestMessage(method, path) { Content = content };
        try
        {
            return await _http.SendAsync(request, cancellationToken);
        }
        catch (HttpRequestException error)
        {
            throw new HttpRequestException($"{call} failed: {error.Message}", error);
        }
        catch (OperationCanceledException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw new HttpRequestException($"{call} had no answer within {_http.Timeout.TotalSeconds:0} s.", error);
        }
    }
}
