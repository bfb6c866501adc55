namespace Seckill.InventoryService.Buyers;

/// <summary>
/// Replaces buyers by one that stands for all who were forgotten (<c>erase_buyer</c> in 023_life_of_a_sale.sql). Only in archived sales: of
/// those Redis has nothing, so no hold and no limit names the buyer. A request stays until no order is left. Throws
/// <see cref="NpgsqlException"/> when PostgreSQL is down.
/// </summary>
internal sealed class BuyerErasure(NpgsqlDataSource database, IOptions<BuyerOptions> options)
{
    /// <summary>The buyer of orders whose buyer was forgotten. It fits the legacy schema; no buyer may have it.</summary>
    public const long Replacement = int.MaxValue;

    private const int TimeoutSeconds = 600;

    /// <summary>Notes the request, and does what can be done now.</summary>
    public async Task<ErasedBuyer> RequestAsync(long userId, CancellationToken cancellationToken)
    {
        await database.ExecuteAsync(
            "insert into buyer_erasures (user_id) values (@userId) on conflict do nothing", new { userId }, cancellationToken);
        return await EraseAsync(userId, cancellationToken);
    }

    /// <summary>Buyers that are to be forgotten and have orders.</summary>
    public Task<List<long>> WaitingAsync(CancellationToken cancellationToken) =>
        database.QueryAsync<long>("select user_id from buyer_erasures order by requested_at", null, cancellationToken);

    /// <summary>Does what can be done now. The request goes with the last order.</summary>
    public async Task<ErasedBuyer> EraseAsync(long userId, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        // No index leads to the orders of a buyer: it would cost each order.
        var (erased, kept) = await connection.QuerySingleAsync<(long, long)>(new CommandDefinition(
            "select erased, kept from erase_buyer(@userId, @RetentionDays)", new { userId, options.Value.RetentionDays },
            commandTimeout: TimeoutSeconds, cancellationToken: cancellationToken));
        if (kept == 0)
        {
            await connection.ExecuteAsync("delete from buyer_erasures where user_id = @userId", new { userId }, cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return new ErasedBuyer(erased, kept, kept == 0);
    }
}
