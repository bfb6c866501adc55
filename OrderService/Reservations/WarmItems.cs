using System.Globalization;

namespace Seckill.OrderService.Reservations;

/// <summary>
/// Tells an item or order that Redis has lost from one that never existed. For a second after Redis was emptied the item is not stopped
/// yet, and until its rebuild an order may be on its way to PostgreSQL: a 404 would make buyers give up, and a payment would be refunded.
/// PostgreSQL knows every item that was ever opened; only these refusals ask it.
/// </summary>
internal sealed class WarmItems : IDisposable
{
    // Ids that never existed must not cost the database more than this.
    private readonly SemaphoreSlim _questions = new(2);
    private readonly SingleFlightCache<ItemKey, bool> _items;
    private readonly NpgsqlDataSource _database;
    private readonly StockLedger _stock;
    private readonly TimeSpan _timeout;

    public WarmItems(NpgsqlDataSource database, StockLedger stock, IOptions<ReservationOptions> options, TimeProvider clock)
    {
        (_database, _stock, _timeout) = (database, stock, TimeSpan.FromMilliseconds(options.Value.TimeoutMilliseconds));
        _items = new(AskAboutAsync, clock);
    }

    /// <summary>
    /// True when the item was opened once; also when PostgreSQL does not answer in time. The answer is up to a second old.
    /// </summary>
    public Task<bool> MayBeLostAsync(ItemKey item) => _items.GetAsync(item);

    /// <summary>True when the sale was opened once; also when PostgreSQL does not answer in time.</summary>
    public Task<bool> MayBeLostAsync(long saleId) => AskInTimeAsync(async () =>
    {
        await using var command = Command("sale_id = $1 and warmed_at is not null limit 1");
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = saleId });
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
        return isLost || await _stock.InspectAsync(new ItemKeys(item)) is not { State: not ItemState.Lost } now || now.Epoch < epoch;
    });

    /// <summary>The sales that were opened and whose window is not over; null when PostgreSQL does not answer in time.</summary>
    public Task<IReadOnlyList<OpenedWindow>?> OpenedSalesAsync() => AskInTimeAsync<IReadOnlyList<OpenedWindow>?>(
        async () =>
        {
            await using var connection = await _database.OpenConnectionAsync();
            return [.. await connection.QueryAsync<OpenedWindow>(new CommandDefinition(
                """
                select sale_id, name, opens_at, closes_at
                from sales
                where state <> 'closed' and closes_at > now()
                  and exists (select from sale_items i where i.sale_id = sales.sale_id and i.warmed_at is not null)
                """,
                commandTimeout: CommandTimeout))];
        },
        otherwise: null);

    public void Dispose() => _questions.Dispose();

    private Task<bool> AskAboutAsync(ItemKey item) => AskInTimeAsync(async () =>
    {
        await using var command = Command("(sale_id, sku_id) = ($1, $2) and warmed_at is not null");
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = item.SaleId });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = item.SkuId });
        return await command.ExecuteScalarAsync() is not null;
    });

    private int CommandTimeout => 1 + (int)_timeout.TotalSeconds;

    private NpgsqlCommand Command(string which)
    {
        var command = _database.CreateCommand($"select sale_id, sku_id, epoch, lost_at is not null from sale_items where {which}");
        command.CommandTimeout = CommandTimeout;
        return command;
    }

    private Task<bool> AskInTimeAsync(Func<Task<bool>> ask) => AskInTimeAsync(ask, otherwise: true);

    private async Task<T> AskInTimeAsync<T>(Func<Task<T>> ask, T otherwise)
    {
        if (!await _questions.WaitAsync(_timeout))
        {
            return otherwise;
        }

        // The semaphore is released when the query ends, not when the wait does: a database that does not answer gets two at most.
        var asked = AskAsync(ask);
        try
        {
            return await asked.WaitAsync(_timeout);
        }
        catch (Exception exception) when (exception is NpgsqlException or TimeoutException)
        {
            return otherwise;
        }
    }

    private async Task<T> AskAsync<T>(Func<Task<T>> ask)
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

/// <summary>A sale that was opened, as PostgreSQL has it.</summary>
internal sealed record OpenedWindow(long SaleId, string Name, DateTimeOffset OpensAt, DateTimeOffset ClosesAt);
