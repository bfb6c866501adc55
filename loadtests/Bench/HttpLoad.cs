using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using Seckill.LoadTests.Results;

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
        var next = -1;
        var startedAt = Stopwatch.GetTimestamp();
        var workers = Enumerable.Range(0, connections).Select(_ => Task.Run(WorkAsync, cancellationToken)).ToArray();
        var parts = await Task.WhenAll(workers);
        var elapsed = Stopwatch.GetElapsedTime(startedAt);
        var latency = new Latency(parts.SelectMany(part => part.Times));
        return new LoadResult(
            parts.Sum(part => part.Times.Count), parts.Sum(part => part.Refused), parts.Sum(part => part.Failed), elapsed.TotalSeconds,
            latency.Percentile(50)?.TotalMilliseconds ?? 0, latency.Percentile(99)?.TotalMilliseconds ?? 0);

        async Task<(List<TimeSpan> Times, long Refused, long Failed)> WorkAsync()
        {
            var (times, refused, failed) = (new List<TimeSpan>(), 0L, 0L);
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
                    times.Add(Stopwatch.GetElapsedTime(sentAt));
                    refused += response.IsSuccessStatusCode ? 0 : 1;
                }
                catch (HttpRequestException)
                {
                    failed++;
                }
            }

            return (times, refused, failed);
        }
    }
}
