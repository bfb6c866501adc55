namespace Seckill.LoadTests.Bench;

/// <summary>Sends orders as fast as they are answered, over a fixed number of connections.</summary>
public interface ILoadGenerator
{
    /// <summary>What it is, with its version.</summary>
    string Name { get; }

    /// <summary>Sends for a while and ends by itself.</summary>
    Task<LoadResult> RunAsync(Uri url, long saleId, long skuId, int seconds, CancellationToken cancellationToken);
}
