namespace Seckill.OrderService.Orders;

/// <summary>
/// (6) Reserved orders become rows. A batch is one statement (015_terms_of_the_sale.sql): the rows, the ledger row of their sale item,
/// the entries of the legacy outbox, and the changes of stock that made them (014_stock_writes.sql), or nothing at all. Repeatable: an
/// order that has a row changes nothing.
/// </summary>
/// <remarks>Throws <see cref="NpgsqlException"/>; <see cref="Shared.Schema.PostgresErrors"/> tells whether a retry can help.</remarks>
internal sealed class OrderPlacement(NpgsqlDataSource database)
{
    private const string NoOversell = "sale_items_no_oversell";

    /// <summary>Places a batch. What the ledger has no room for (stock sold twice, after Redis lost data) becomes rejected.</summary>
    /// <returns>The epoch of the item when the batch proves that Redis has lost writes of it, else null.</returns>
    /// <exception cref="UnknownSaleItemException">The orders are for an item that PostgreSQL does not have.</exception>
    public async Task<int?> PlaceAsync(OrdersReserved batch, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var (isPlaced, lostEpoch) = await PlaceAsync(connection, batch, null, cancellationToken);
        return isPlaced ? lostEpoch : throw new UnknownSaleItemException(batch.SaleId, batch.SkuId);
    }

    /// <summary>
    /// Places orders whose holds were read in Redis and for which there may be no message. If the item was rebuilt meanwhile, nothing
    /// would restore their holds. The ledger row decides which came first, because a rebuild begins and ends at it.
    /// </summary>
    /// <param name="epoch">Of the item, read no later than the holds.</param>
    /// <returns>False, and nothing has changed, when the item was rebuilt since, or waits for its rebuild.</returns>
    public async Task<bool> TryPlaceAsync(OrdersReserved batch, int epoch, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await PlaceAsync(connection, batch, epoch, cancellationToken)).IsPlaced;
    }

    private static async Task<(bool IsPlaced, int? LostEpoch)> PlaceAsync(
        NpgsqlConnection connection, OrdersReserved batch, int? epoch, CancellationToken cancellationToken)
    {
        try
        {
            return await CallAsync(connection, "place_orders", batch, epoch, cancellationToken);
        }
        catch (PostgresException exception) when (exception.ConstraintName == NoOversell)
        {
            return await CallAsync(connection, "place_what_fits", batch, epoch, cancellationToken);
        }
    }

    private static async Task<(bool IsPlaced, int? LostEpoch)> CallAsync(
        NpgsqlConnection connection, string function, OrdersReserved batch, int? epoch, CancellationToken cancellationToken)
    {
        // Only an item of another epoch leaves rows behind that must be rolled back.
        await using var transaction = epoch is null ? null : await connection.BeginTransactionAsync(cancellationToken);
        var result = await connection.QuerySingleAsync<(bool IsPlaced, int? LostEpoch)>(new CommandDefinition(
            $"""
            select {function}(
              @SaleId, @SkuId, @UnitPrice, @Currency, @OrderIds, @UserIds, @Quantities, @ReservedAt, at_epoch => @Epoch,
              keys => @IdempotencyKeys::text[]),
              record_writes(@SaleId, @SkuId, @Epochs, @Seqs, @Times)
            """,
            new BatchParameters(batch) { Epoch = epoch },
            cancellationToken: cancellationToken));
        if (result.IsPlaced && transaction is not null)
        {
            await transaction.CommitAsync(cancellationToken);
        }

        return result;
    }
}

/// <summary>Orders came for an item that PostgreSQL does not have.</summary>
internal sealed class UnknownSaleItemException(long saleId, long skuId) : Exception($"PostgreSQL has no item {skuId} in sale {saleId}.");
