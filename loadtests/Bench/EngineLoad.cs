using System.Diagnostics;
using Seckill.LoadTests.Client;
using Seckill.LoadTests.Engine;

namespace Seckill.LoadTests.Bench;

/// <summary>Load from the runner of <c>./seckill load</c>: where <c>wrk</c> is not installed, and to compare the runners.</summary>
/// <param name="tokens">Tokens of the buyers.</param>
/// <param name="connections">Concurrent requests.</param>
public sealed class EngineLoad(IReadOnlyList<string> tokens, int connections) : ILoadGenerator
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    public string Name { get; } = $"Seckill's runner, {connections} connections";

    /// <inheritdoc/>
    public async Task<LoadResult> RunAsync(Uri url, long saleId, long skuId, int seconds, CancellationToken cancellationToken)
    {
        var (tally, elapsed) = await RunAsync(
            url, saleId, skuId,
            engine => engine.RunClosedAsync(connections, TimeSpan.FromSeconds(seconds), TimeSpan.Zero, cancellationToken),
            cancellationToken);
        var (latency, failed) = (tally.Latency(), tally.Count(outcome => outcome.Kind == OutcomeKind.Failed));
        return new LoadResult(
            tally.Requests - failed, tally.Count(outcome => outcome.Kind == OutcomeKind.Refused), failed,
            elapsed.TotalSeconds, latency.Percentile(50) / 1000.0, latency.Percentile(99) / 1000.0);
    }

    /// <summary>One order of one item for each visitor, in any loop.</summary>
    /// <param name="url">Takes orders.</param>
    /// <param name="saleId">The sale.</param>
    /// <param name="skuId">The item.</param>
    /// <param name="run">The loop.</param>
    /// <param name="cancellationToken">Ends the requests under way.</param>
    /// <param name="onAnswer">Gets each outcome and the Stopwatch timestamp at which it was wanted.</param>
    public async Task<(Tally Tally, TimeSpan Elapsed)> RunAsync(
        Uri url, long saleId, long skuId, Func<LoadEngine, Task> run, CancellationToken cancellationToken,
        Action<Outcome, long>? onAnswer = null)
    {
        var order = new OrderRequest(saleId, new SaleItem(skuId, 1, 1, 0, "EUR"), 1);
        var buyers = tokens.Select((token, index) => new Buyer(index + 1, "Bearer " + token)).ToArray();
        var recorder = new Recorder();
        using var pool = new ClientPool(
            [new Uri(url, "/")], connections, s_timeout, cancellationToken, url.AbsolutePath);
        var shop = new Shop(pool, recorder);
        var engine = new LoadEngine(recorder, async (number, due) =>
        {
            var answer = await shop.OrderAsync(buyers[number % buyers.Length], order, null, due, isArrival: true);
            onAnswer?.Invoke(answer.Outcome, due);
        });
        await run(engine);
        var elapsed = Stopwatch.GetElapsedTime(engine.StartedAt);
        engine.ThrowIfBroken();
        return (recorder.Total, elapsed);
    }
}
