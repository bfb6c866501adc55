using Seckill.OrderService.LegacyOrders.Database;

namespace Seckill.OrderService.LegacyOrders.Writing;

/// <summary>Writes rows to the legacy database, reads them back and compares every field.</summary>
internal sealed class RowWriter(LegacyStore store)
{
    private const int MaximumRefusalsInARow = 8;

    /// <summary>Writes these rows, one for each order.</summary>
    /// <returns>What is wrong with them afterwards.</returns>
    /// <exception cref="NpgsqlException">The legacy database failed, or refuses every row.</exception>
    /// <exception cref="TimeoutException">No answer.</exception>
    public async Task<List<Finding>> WriteAsync(List<LegacyWrite> rows, CancellationToken cancellationToken)
    {
        var isPlaced = rows.ToLookup(row => row.IsPlaced && !row.Forced);
        var placed = isPlaced[true].ToList();
        var inserted = placed.Count > 0 && await store.TryInsertAsync([.. placed.Select(row => row.Row)], cancellationToken);
        var refused = await UpsertAsync(inserted ? [.. isPlaced[false]] : rows, inserted ? placed.Count : 0, cancellationToken);
        FailPoint.Reach("8-written");
        var written = await store.ReadAsync([.. rows.Select(row => row.Row.OrderSn)], cancellationToken);
        return
        [
            .. rows.Select(row => row.Row).SelectMany(row => refused.TryGetValue(row.OrderSn, out var refusal)
                ? [Finding.Missing(row.OrderSn, refusal)]
                : LegacyMapping.Differences(row, written.GetValueOrDefault(row.OrderSn))),
        ];
    }

    /// <summary>
    /// Writes the rows that the database takes. A row that it refuses is halved out of its batch. When it refuses one row after another
    /// and takes none, the table has changed and the rows are good: they wait, as after any other failure.
    /// </summary>
    /// <returns>Why rows were refused, by order number.</returns>
    private async Task<Dictionary<string, string>> UpsertAsync(List<LegacyWrite> rows, int taken, CancellationToken cancellationToken)
    {
        var refused = new Dictionary<string, string>();
        var parts = new Stack<List<LegacyWrite>>(rows.Count > 0 ? [rows] : []);
        while (parts.TryPop(out var part))
        {
            try
            {
                await store.UpsertAsync([.. part.Select(row => row.Row)], [.. part.Select(row => row.Forced)], cancellationToken);
                taken += part.Count;
            }
            catch (PostgresException exception) when (LegacyStore.IsRefusal(exception))
            {
                if (part.Count > 1)
                {
                    parts.Push(part[(part.Count / 2)..]);
                    parts.Push(part[..(part.Count / 2)]);
                    continue;
                }

                refused[part[0].Row.OrderSn] = exception.MessageText;
                if (taken == 0 && rows.Count > 1 && (parts.Count == 0 || refused.Count == MaximumRefusalsInARow))
                {
                    throw;
                }
            }
        }

        return refused;
    }
}
