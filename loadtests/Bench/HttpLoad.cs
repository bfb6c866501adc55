using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using Seckill.LoadTests.Engine;

namespace Seckill.LoadTests.Bench;

/// <summary>The bare HTTP client that the runner uses, to measure what the runner adds.</summary>
/// <param name="tokens">Tokens of the buyers.</param>
/// <param name="connections">Concurrent requests.</param>
public sealed class HttpLoad(IReadOnlyList<string> tokens, int connections) : ILoadGenerator
{
    /// <inheritdoc/>
    public string Name { get; } = $"bare SocketsHttpHandler, {connections} connections";

    /// <inheritdoc/>
    public async Task<LoadResult> RunAsync(Uri url, long saleId, long skuId, int seconds, CancellationToken cancellationToken)
    {
        using var handler = new SocketsHttpHandler { MaxConnectionsPerServer = connections };
        using var http = new HttpMessageInvoker(handler);
        var body = Encoding.UTF8.GetBytes(
            string.Create(CultureInfo.InvariantCulture, $$"""{"saleId":{{saleId}},"skuId":{{skuId}},"quantity":1}"""));
        var (next, refused, failed) = (-1, 0L, 0L);
        var latency = new Histogram();
        var startedAt = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, connections).Select(_ => Task.Run(WorkAsync, cancellationToken)));
        return new LoadResult(
            latency.Count, refused, failed, Stopwatch.GetElapsedTime(startedAt).TotalSeconds, latency.Percentile(50) / 1000.0,
            latency.Percentile(99) / 1000.0);

        async Task WorkAsync()
        {
            while (Stopwatch.GetElapsedTime(startedAt).TotalSeconds < seconds)
            {
                var token = tokens[(int)((uint)Interlocked.Increment(ref next) % tokens.Count)];
                using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ByteArrayContent(body) };
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
                request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
                var sentAt = Stopwatch.GetTimestamp();
                try
                {
                    using var response = await http.SendAsync(request, cancellationToken);
                    await response.Content.LoadIntoBufferAsync(cancellationToken);
                    latency.Record((long)Stopwatch.GetElapsedTime(sentAt).TotalMicroseconds);
                    Interlocked.Add(ref refused, response.IsSuccessStatusCode ? 0 : 1);
                }
                catch (HttpRequestException)
                {
                    Interlocked.Increment(ref failed);
                }
            }
        }
    }
}
