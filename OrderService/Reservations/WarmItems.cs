using System.Globalization;

namespace Seckill.OrderService.Reservations;

/// <summary>
/// Tells an item or order that Redis has lost from one that never existed. For a second after Redis was emptied the item is not stopped
/// yet, and until its rebuild an order may be on its way to PostgreSQL: a 404 would make buyers give up, and a payment would be refunded.
/// PostgreSQL knows every item that was ever opened; only these refusals ask it.
/// </summary>
internal sealed class WarmItems(NpgsqlDataSource database, StockLedger stock, IOptions<ReservationOptions> options) : IDisposable
{
    private readonly TimeSpan _timeout = TimeSpan.FromMilliseconds(options.Value.TimeoutMilliseconds);

    // Ids that never existed must not cost the database more than this.
    private readonly SemaphoreSlim _questions = new(2);

    /// <summary>True when the item was opened once; also when PostgreSQL does not answer in time.</summary>
    public Task<bool> MayBeLostAsync(ItemKey item) => AskInTimeAsync(async () =>
    {
        await using var command = Command("(sale_id, sku_id) = ($1, $2) and warmed_at is not null");
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = item.SaleId });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = item.SkuId });
        return await command.ExecuteScalarAsync() is not null;
    });

    /// <summary>
    /// True when the order, which has neither row nor hold, may have had a hold: its item waits for its rebuild, or should. Also when
    /// PostgreSQL does not answer in time.
    /// </summary>
    /// <param name="orderId">A valid order id.</param>
    public Task<bool> MayBeLostAsync(string orderId) => AskInTimeAsync(async () =>
    {
        await using var command = Command("item_number = $1 and warmed_at is not null");
        command.Parameters.Add(new NpgsqlParameter<long>
        {
            TypedValue = long.Parse(orderId.AsSpan(0, OrderId.NumberLength), NumberStyles.HexNumber, CultureInfo.InvariantCulture),
        });
        await using var reader = await command.ExecuteReaderAsync();
        if (!await reader.ReadAsync())
        {
            return false;
        }

        var (item, epoch, isLost) = (new ItemKey(reader.GetInt64(0), reader.GetInt64(1)), reader.GetInt32(2), reader.GetBoolean(3));
        return isLost || await stock.InspectAsync(new ItemKeys(item)) is not { State: not ItemState.Lost } now || now.Epoch < epoch;
    });

    public void Dispose() => _questions.Dispose();

    private NpgsqlCommand Command(string which)
    {
        var command = database.CreateCommand($"select sale_id, sku_id, epoch, lost_at is not null from sale_items where {which}");
        command.CommandTimeout = 1 + (int)_timeout.TotalSeconds;
        return command;
    }

    private async Task<bool> AskInTimeAsync(Func<Task<bool>> ask)
    {
        if (!await _questions.WaitAsync(_timeout))
        {
            return true;
        }

        // The semaphore is released when the query ends, not when the wait does: a database that does not answer gets two at most.
        var asked = AskAsync(ask);
        try
        {
            return await asked.WaitAsync(_timeout);
        }
        catch (Exception exception) when (exception is NpgsqlException or TimeoutException)
        {
            return true;
        }
    }

    private async Task<bool> AskAsync(Func<Task<bool>> ask)
    {
        try
        {
            return await ask();
        }
        finally
        {
            _questions.Release();
        }
    }
}
