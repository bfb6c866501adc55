namespace Seckill.OrderService.Payments;

/// <summary>The outcome of a payment.</summary>
internal enum PaymentOutcome
{
    /// <summary>It pays the order.</summary>
    Accepted,
    /// <summary>This payment came before; nothing changed.</summary>
    Duplicate,
    /// <summary>The payment id came before with another order, amount or currency; nothing changed.</summary>
    IdReused,
    /// <summary>It cannot be used; the money is listed in <c>refunds</c>.</summary>
    Refund,
}

/// <summary>Applies payments. One compare-and-set on the order row decides between paid, cancelled and expired.</summary>
/// <remarks>Throws <see cref="NpgsqlException"/>; nothing has happened then.</remarks>
internal sealed class PaymentStore(NpgsqlDataSource database)
{
    /// <summary>Applies a checked payment, or lists it for refund, once.</summary>
    public async Task<PaymentOutcome> ApplyAsync(Payment payment, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        // The primary key decides which of two equal calls is the first; the second waits here for the first to commit.
        var isNew = await connection.ExecuteAsync(
            """
            insert into payments (payment_id, order_id, amount, currency, outcome)
            values (@PaymentId, @OrderId, @Amount, @Currency, 'accepted')
            on conflict (payment_id) do nothing
            """,
            payment);
        if (isNew == 0)
        {
            return await connection.ExecuteScalarAsync<bool>(
                """
                select exists (
                  select from payments
                  where payment_id = @PaymentId and order_id = @OrderId and amount = @Amount and currency = @Currency)
                """,
                payment) ? PaymentOutcome.Duplicate : PaymentOutcome.IdReused;
        }

        var paid = await connection.ExecuteScalarAsync<int>(
            """
            with paid as (
              update orders
              set status = 'paid', paid_at = now(), version = version + 1
              where order_id = @OrderId and status = 'placed' and unit_price::numeric * quantity = @Amount and currency = @Currency
              returning order_id
            )
            select count(*), enqueue_for_legacy(array_agg(order_id)) from paid
            """,
            payment);
        if (paid == 0)
        {
            await connection.ExecuteAsync(
                """
                insert into refunds (payment_id, order_id, amount, currency, reason)
                select @PaymentId, @OrderId, @Amount, @Currency, coalesce(
                  (select case status when 'placed' then 'wrong-amount' when 'paid' then 'already-paid' else status end
                   from orders where order_id = @OrderId),
                  'unknown-order');
                update payments set outcome = 'refund' where payment_id = @PaymentId
                """,
                payment);
        }

        FailPoint.Reach("payment-applied");
        await transaction.CommitAsync(cancellationToken);
        return paid == 1 ? PaymentOutcome.Accepted : PaymentOutcome.Refund;
    }

    /// <summary>Takes or extends the lease of the process that asks the provider; orders wait for it as long as it lasts.</summary>
    /// <returns>False when another process has it.</returns>
    public async Task<bool> TryTakeSearchAsync(Guid owner, int graceSeconds, CancellationToken cancellationToken) =>
        await database.ExecuteAsync(
            """
            insert into payment_search as s (owner, grace_seconds, seen_at) values (@owner, @graceSeconds, now())
            on conflict (only_row) do update set owner = excluded.owner, grace_seconds = excluded.grace_seconds, seen_at = now()
            where s.owner = excluded.owner or s.seen_at < now() - interval '10 seconds'
            """,
            new { owner, graceSeconds }, cancellationToken) == 1;

    /// <summary>Orders whose time to pay is over and that have not expired, the longest overdue first.</summary>
    public Task<List<string>> OverdueAsync(int maximum, CancellationToken cancellationToken) =>
        database.QueryAsync<string>(
            "select order_id from orders where status = 'placed' and pay_by <= now() order by pay_by limit @maximum",
            new { maximum }, cancellationToken);

    /// <summary>True when the order has a row.</summary>
    public Task<bool> OrderExistsAsync(string orderId, CancellationToken cancellationToken) =>
        database.SingleAsync<bool>("select exists (select from orders where order_id = @orderId)", new { orderId }, cancellationToken);
}
