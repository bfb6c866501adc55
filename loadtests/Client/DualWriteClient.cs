using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;

namespace Seckill.LoadTests.Client;

/// <summary>The dual write's ops endpoints, as far as they are needed here.</summary>
public sealed class DualWriteClient : IDisposable
{
    private readonly HttpClient _http;

    /// <param name="api">Base address of an OrderService.</param>
    /// <param name="opsKey">Bearer key of the ops endpoints.</param>
    public DualWriteClient(Uri api, string opsKey)
    {
        _http = new HttpClient { BaseAddress = api, Timeout = TimeSpan.FromSeconds(30) };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", opsKey);
    }

    /// <summary>How the two databases stand.</summary>
    public async Task<DualWriteView> ReadAsync(CancellationToken cancellationToken) =>
        await _http.GetFromJsonAsync("dual-write", OpsJson.Default.DualWriteView, cancellationToken)
            ?? throw new HttpRequestException("GET dual-write answered nothing.");

    /// <summary>Switches the mode; false when the service has no legacy database.</summary>
    public async Task<bool> SwitchAsync(string mode, CancellationToken cancellationToken)
    {
        using var content = JsonContent.Create(new DualWriteMode(mode), OpsJson.Default.DualWriteMode);
        // Sent with its length.
        await content.LoadIntoBufferAsync(cancellationToken);
        using var response = await _http.PutAsync(new Uri("dual-write", UriKind.Relative), content, cancellationToken);
        if (response.StatusCode == HttpStatusCode.Conflict)
        {
            return false;
        }

        response.EnsureSuccessStatusCode();
        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();
}

/// <summary>The answer of <c>GET /dual-write</c>.</summary>
/// <param name="Mode">How the legacy database is used.</param>
/// <param name="Pending">Changes that wait.</param>
/// <param name="Verified">Orders read back and found equal, once for each write.</param>
/// <param name="Mismatched">Open discrepancies but the missing.</param>
/// <param name="Missing">Open discrepancies of orders that the legacy database lacks.</param>
/// <param name="LagSeconds">Age of the oldest change that waits.</param>
/// <param name="Breaker">Of all processes, the worst.</param>
public sealed record DualWriteView(
    string Mode, long Pending, long Verified, long Mismatched, long Missing, double LagSeconds, string Breaker);

/// <summary>What <c>PUT /dual-write</c> is given.</summary>
/// <param name="Mode">How the legacy database is to be used.</param>
public sealed record DualWriteMode(string Mode);
