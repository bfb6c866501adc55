using Dapper;
using Seckill.Shared.Contracts;

namespace Seckill.Shared.Stock;

/// <summary>A change of an item's stock that Redis has made.</summary>
/// <param name="Version">Of the stock after it.</param>
/// <param name="At">Redis time; tells it from another change that was given the same version.</param>
public readonly record struct StockWrite(StockVersion Version, DateTimeOffset At);

/// <summary>
/// Records in PostgreSQL which changes Redis has made (014_stock_writes.sql), so that Redis cannot lose any of them unnoticed. In the
/// transaction that relies on the change.
/// </summary>
public static class StockWrites
{
    /// <summary>Records changes. One that is recorded already changes nothing.</summary>
    /// <returns>
    /// The epoch of the item when another change has one of these versions: Redis has lost the other one, and the item needs its rebuild,
    /// which PostgreSQL remembers now. Else null.
    /// </returns>
    public static Task<int?> RecordAsync(
        this NpgsqlConnection connection, ItemKey item, IReadOnlyCollection<StockWrite> writes, CancellationToken cancellationToken) =>
        writes.Count == 0 ? Task.FromResult<int?>(null) : connection.ExecuteScalarAsync<int?>(new CommandDefinition(
            "select record_writes(@SaleId, @SkuId, @Epochs, @Seqs, @Times)",
            new
            {
                item.SaleId, item.SkuId,
                Epochs = writes.Select(write => write.Version.Epoch).ToArray(),
                Seqs = writes.Select(write => write.Version.Seq).ToArray(),
                Times = writes.Select(write => write.At.UtcDateTime).ToArray(),
            },
            cancellationToken: cancellationToken));
}
