using Microsoft.Extensions.Options;
using Npgsql;
using Seckill.OrderService.Reservations;
using Seckill.Shared.Stock;

namespace Seckill.OrderService.Ordering;

/// <summary>
/// Whether an item that Redis does not have is one that Redis has lost. For a second after it was emptied nobody has stopped the item
/// yet, and "no such item" would send buyers away for good. PostgreSQL knows what was ever opened; only this refusal asks it.
/// </summary>
internal sealed class WarmItems(NpgsqlDataSource database, IOptions<ReservationOptions> options) : IDisposable
{
    private readonly TimeSpan _patience = TimeSpan.FromMilliseconds(options.Value.TimeoutMilliseconds);

    // Ids that never existed must not cost the database more than this, whoever sends them.
    private readonly SemaphoreSlim _questions = new(2);

    /// <summary>True when the item was opened once; also when PostgreSQL does not say soon, for then nothing certain is known.</summary>
    public async Task<bool> MayBeLostAsync(ItemKey item)
    {
        if (!await _questions.WaitAsync(_patience))
        {
            return true;
        }

        // Its place is free when the question is over, not when we stop waiting: a database that does not answer gets two at most.
        var asked = AskAsync(item);
        try
        {
            return await asked.WaitAsync(_patience);
        }
        catch (Exception exception) when (exception is NpgsqlException or TimeoutException)
        {
            return true;
        }
    }

    public void Dispose() => _questions.Dispose();

    private async Task<bool> AskAsync(ItemKey item)
    {
        try
        {
            await using var command = database.CreateCommand(
                "select exists (select from sale_items where (sale_id, sku_id) = ($1, $2) and warmed_at is not null)");
            command.CommandTimeout = 1 + (int)_patience.TotalSeconds;
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = item.SaleId });
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = item.SkuId });
            return await command.ExecuteScalarAsync() is true;
        }
        finally
        {
            _questions.Release();
        }
    }
}
